"""Train the classifier of single digits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zipread.lab import stopped
from zipread.lab.network import build
from zipread.lab.trainset import Digits

BATCH = 256
PICTURES_PER_EPOCH = 128_000
"""One epoch is a slice of the shuffled set: short enough to lose little when stopped."""

WEIGHT_DECAY = 1e-2
LABEL_SMOOTHING = 0.02

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of a training with a set and a learning rate of its own."""

    name: str
    pictures: Callable[[], tuple[np.ndarray, np.ndarray]]  # (n, 28, 28) uint8 and labels 0..10, made when needed
    epochs: int  # of PICTURES_PER_EPOCH
    learning_rate: float  # where its cosine begins


def train_digits(
    stages: Sequence[Stage], held_out: Digits, out: Path, seed: int, report: Report, resume: bool
) -> dict[str, Any]:
    """Train one stage after the other, and write digits.keras and digits.onnx.

    Args:
        stages: what trains; each begins with the averaged weights of the one before.
        held_out: digits of other writers, which only report.
        out: folder for the files; `out/work` keeps what a stopped run needs.
        seed: decides the weights.
        report: called with one line of progress at a time.
        resume: go on from `out/work`.

    Returns:
        The training record for the manifest.

    Raises:
        InputError: the stopped run had another recipe.
    """
    import keras

    keras.utils.set_random_seed(seed)
    model = build()
    record: dict[str, Any] = {}
    for stage in stages:
        record[stage.name] = _run(model, stage, held_out, out / "work", seed, report, resume)
        model.optimizer.finalize_variable_values(model.trainable_variables)
    parameters = int(model.count_params())
    stopped.export(model, out, "digits", (None, 28, 28), "pictures")
    return {"parameters": parameters, **record}


def _run(
    model: Any, stage: Stage, held_out: Digits, work: Path, seed: int, report: Report, resume: bool
) -> dict[str, Any]:
    import keras

    steps = PICTURES_PER_EPOCH // BATCH
    optimizer = stopped.optimizer(stage.epochs * steps, steps // 2, stage.learning_rate, WEIGHT_DECAY)
    model.compile(optimizer, keras.losses.CategoricalCrossentropy(label_smoothing=LABEL_SMOOTHING))
    recipe = {"seed": seed, "epochs": stage.epochs, "learning_rate": stage.learning_rate}
    first = stopped.restore(model, work, stage.name, recipe) if resume else 0
    record: dict[str, Any] = {"epochs": stage.epochs}
    data = stage.pictures() if first < stage.epochs else None
    for epoch in range(first, stage.epochs):
        assert data is not None
        images, labels = _slice(*data, seed, epoch)
        targets = keras.utils.to_categorical(labels, 11)
        loss = model.fit(images, targets, batch_size=BATCH, epochs=1, verbose=0, shuffle=False).history["loss"][0]
        with stopped.Averaged(model):
            scores = model.predict(held_out.x, batch_size=1024, verbose=0)
        error = float(np.mean(scores[:, :10].argmax(1) != held_out.y))
        record |= {"loss": float(loss), "held_out_error": error}
        report(f"{stage.name}, epoch {epoch + 1}/{stage.epochs}: loss {loss:.4f}, held-out writers' error {error:.2%}")
        stopped.save(model, work, stage.name, recipe, epoch + 1)
    return record


def _slice(images: np.ndarray, labels: np.ndarray, seed: int, epoch: int) -> tuple[np.ndarray, np.ndarray]:
    """The pictures of one epoch: consecutive slices of one endless sequence of reshuffled sets."""
    wanted = np.arange(epoch * PICTURES_PER_EPOCH, (epoch + 1) * PICTURES_PER_EPOCH)
    rounds, places = np.divmod(wanted, len(labels))
    chosen = np.empty(len(wanted), np.int64)
    for turn in np.unique(rounds):
        order = np.random.default_rng((seed, int(turn))).permutation(len(labels))
        chosen[rounds == turn] = order[places[rounds == turn]]
    return images[chosen], labels[chosen]
