"""Train the classifier, export it and write its manifest. Needs the extra [train]."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zipread import __version__
from zipread.errors import DependencyError, InputError
from zipread.lab.calibration import fit as calibrate
from zipread.lab.directory import existing_codes
from zipread.lab.network import build
from zipread.lab.synth.fonts import TRAIN_HAND, TRAIN_PRINT, FontFile, find_fonts
from zipread.lab.synth.hands import Prints
from zipread.lab.trainset import CHUNK, Digits, font_glyphs, load_digits, make_set, split_by_writer
from zipread.normalize import NORMALIZATION_VERSION

BATCH = 256
PICTURES_PER_EPOCH = 128_000
"""One epoch is a slice of the shuffled set: short enough to lose little when stopped."""

LEARNING_RATE = 2e-3
WEIGHT_DECAY = 1e-2
LABEL_SMOOTHING = 0.02
AVERAGING = 0.998
"""Decay of the running average of the weights (Polyak & Juditsky 1992), which is what gets exported."""

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Recipe:
    """What decides a training: the same recipe on the same machine gives the same weights."""

    seed: int = 1
    epochs: int = 12  # of PICTURES_PER_EPOCH
    scale: float = 1.0  # size of the training set relative to the full one
    jobs: int = 2  # processes that make pictures
    calibration_fields: int = 4_000  # made fields the confidence is fitted on


def train(data: Path | None, out: Path, recipe: Recipe, report: Report, resume: bool = False) -> Path:
    """Train, export to ONNX and write the manifest.

    Args:
        data: .npz with MNIST's training digits, or None to let Keras fetch them.
        out: folder for digits.keras, digits.onnx, manifest.json; `out/work` keeps what a stopped run needs to resume.
        recipe: what decides the result.
        report: called with one line of progress at a time.
        resume: go on from `out/work`.

    Returns:
        The manifest's path.

    Raises:
        DependencyError: the extra [train] is not installed, or fonts are missing.
        InputError: `data` cannot be read, or there is a stopped run of another recipe.
    """
    try:
        import keras
    except ImportError as error:
        raise DependencyError("training needs Keras and TensorFlow: pip install 'zipread[train]'") from error
    work = out / "work"
    work.mkdir(parents=True, exist_ok=True)
    digits = load_digits(data)
    training, held_out = split_by_writer(digits, recipe.seed)
    report(f"{len(training.y)} digits train, {len(held_out.y)} of other writers are held out")
    images, labels = _training_set(training, recipe, work, report, resume)
    keras.utils.set_random_seed(recipe.seed)
    model = build()
    steps = PICTURES_PER_EPOCH // BATCH
    schedule = keras.optimizers.schedules.CosineDecay(
        1e-5, recipe.epochs * steps, warmup_target=LEARNING_RATE, warmup_steps=steps // 2, alpha=1e-3
    )
    optimizer = keras.optimizers.AdamW(
        schedule, weight_decay=WEIGHT_DECAY, use_ema=True, ema_momentum=AVERAGING, ema_overwrite_frequency=None
    )
    model.compile(optimizer, keras.losses.CategoricalCrossentropy(label_smoothing=LABEL_SMOOTHING))
    first = _restore(model, work, recipe) if resume else 0
    history = _run(model, (images, labels), (held_out.x, held_out.y), recipe, first, work, report)
    model.optimizer.finalize_variable_values(model.trainable_variables)
    record = {"digits": len(training.y), "held_out_writers": len(np.unique(held_out.writer)), **history[-1]}
    manifest = _export(model, out, recipe, record, report)
    codes = np.flatnonzero(existing_codes())
    calibrate(out, held_out, Prints(tuple(_fonts())), codes, recipe.calibration_fields, recipe.seed, report)
    return manifest


def _training_set(
    digits: Digits, recipe: Recipe, work: Path, report: Report, resume: bool
) -> tuple[np.ndarray, np.ndarray]:
    cache = work / "trainset.npz"
    made_from = np.array([recipe.seed, recipe.scale])
    if resume and cache.exists():
        with np.load(cache) as archive:
            if np.array_equal(archive["made_from"], made_from):
                return archive["images"], archive["labels"]
    glyphs = font_glyphs(_fonts())

    def progress(made: int, total: int) -> None:
        if made * 20 // total != (made - CHUNK) * 20 // total:
            report(f"made {made} of {total} training pictures")

    images, labels = make_set(digits, glyphs, recipe.scale, recipe.seed, recipe.jobs, progress)
    order = np.random.default_rng(recipe.seed).permutation(len(labels))
    images, labels = images[order], labels[order]
    np.savez(cache, images=images, labels=labels, made_from=made_from)
    return images, labels


def _fonts() -> tuple[FontFile, ...]:
    """The fonts that may train; none of those that measure."""
    return find_fonts((*TRAIN_PRINT, *TRAIN_HAND))


def _slice(images: np.ndarray, labels: np.ndarray, recipe: Recipe, epoch: int) -> tuple[np.ndarray, np.ndarray]:
    """The pictures of one epoch: consecutive slices of one endless sequence of reshuffled sets."""
    wanted = np.arange(epoch * PICTURES_PER_EPOCH, (epoch + 1) * PICTURES_PER_EPOCH)
    rounds, places = np.divmod(wanted, len(labels))
    chosen = np.empty(len(wanted), np.int64)
    for turn in np.unique(rounds):
        order = np.random.default_rng((recipe.seed, int(turn))).permutation(len(labels))
        chosen[rounds == turn] = order[places[rounds == turn]]
    return images[chosen], labels[chosen]


def _run(
    model: Any, data: tuple[np.ndarray, np.ndarray], held_out: tuple[np.ndarray, np.ndarray],
    recipe: Recipe, first: int, work: Path, report: Report,
) -> list[dict[str, float]]:  # fmt: skip
    import keras

    history: list[dict[str, float]] = []
    for epoch in range(first, recipe.epochs):
        images, labels = _slice(*data, recipe, epoch)
        targets = keras.utils.to_categorical(labels, 11)
        loss = model.fit(images, targets, batch_size=BATCH, epochs=1, verbose=0, shuffle=False).history["loss"][0]
        raw = [keras.ops.convert_to_numpy(v) for v in model.trainable_variables]
        model.optimizer.finalize_variable_values(model.trainable_variables)
        scores = model.predict(held_out[0], batch_size=1024, verbose=0)
        model.save_weights(work / "averaged.weights.h5")
        for variable, value in zip(model.trainable_variables, raw, strict=True):
            variable.assign(value)
        error = float(np.mean(scores[:, :10].argmax(1) != held_out[1]))
        history.append({"epoch": epoch + 1, "loss": float(loss), "held_out_error": error})
        report(f"epoch {epoch + 1}/{recipe.epochs}: loss {loss:.4f}, held-out writers' error {error:.2%}")
        _save(model, work, recipe, epoch + 1)
    return history or [{"epoch": float(first)}]


def _save(model: Any, work: Path, recipe: Recipe, epochs_done: int) -> None:
    """Keep weights, optimizer and place, so that a stopped run goes on as if it had not stopped."""
    model.save(work / "stopped.keras")
    state = {"epochs_done": epochs_done, "recipe": asdict(recipe)}
    (work / "stopped.json").write_text(json.dumps(state))


def _restore(model: Any, work: Path, recipe: Recipe) -> int:
    import keras

    state_file = work / "stopped.json"
    if not state_file.exists():
        return 0
    state = json.loads(state_file.read_text())
    if state["recipe"] != asdict(recipe):
        raise InputError(
            f"{state_file}: the stopped run had another recipe; use its options, or start without --resume"
        )
    stopped = keras.saving.load_model(work / "stopped.keras")
    model.set_weights(stopped.get_weights())
    model.optimizer.build(model.trainable_variables)
    for mine, theirs in zip(model.optimizer.variables, stopped.optimizer.variables, strict=True):
        mine.assign(theirs)
    return int(state["epochs_done"])


def _export(model: Any, out: Path, recipe: Recipe, record: dict[str, Any], report: Report) -> Path:
    import keras

    model.compile()  # the optimizer's state has no place in the model of record
    model.save(out / "digits.keras")
    signature = [keras.InputSpec(dtype="uint8", shape=(None, 28, 28), name="pictures")]
    model.export(out / "digits.onnx", format="onnx", input_signature=signature, verbose=False)
    manifest_path = out / "manifest.json"
    manifest = {
        "zipread": __version__,
        "normalization": NORMALIZATION_VERSION,
        "classes": [*"0123456789", "not one digit"],
        "parameters": int(model.count_params()),
        "sha256": {
            name: hashlib.sha256((out / name).read_bytes()).hexdigest() for name in ("digits.keras", "digits.onnx")
        },
        "training": {"recipe": asdict(recipe), "keras": keras.__version__, **record},
    }
    manifest_path.write_text(json.dumps(manifest, indent=2) + "\n")
    report(f"wrote {manifest_path}")
    return manifest_path
