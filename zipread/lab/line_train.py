"""Train the second reader on made lines and export it. Needs the extra [train]."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zipread.decode.columns import best_codes
from zipread.lab.line_network import build, line_loss
from zipread.lab.lineset import NO_DIGIT, Lines

BATCH = 64
LEARNING_RATE = 2e-3
WEIGHT_DECAY = 1e-2
AVERAGING = 0.998
REPORTS_A_PASS = 4
"""Reports, checkpoints and checks of the held-out lines for each pass over the set."""


@dataclass(frozen=True, slots=True)
class LineRecipe:
    """What decides a training of the second reader."""

    seed: int = 1
    passes: int = 3  # over the whole set
    lines: int = 140_000  # of the training set
    held_out_lines: int = 1_500


def train_lines(
    lines: dict[int, Lines], held_out: dict[int, Lines], out: Path, recipe: LineRecipe, report: Callable[[str], None]
) -> dict[str, float]:
    """Train the network and write lines.keras and lines.onnx.

    Args:
        lines: what trains, by width.
        held_out: lines of other writers, which only report.
        out: folder for the files; out/work keeps checkpoints.
        recipe: what decides the result.
        report: called with one line of progress at a time.

    Returns:
        The training record for the manifest.
    """
    import keras

    keras.utils.set_random_seed(recipe.seed)
    model = build()
    steps = recipe.passes * sum(len(part.codes) // BATCH for part in lines.values())
    schedule = keras.optimizers.schedules.CosineDecay(
        1e-5, steps, warmup_target=LEARNING_RATE, warmup_steps=min(300, steps // 4), alpha=1e-3
    )
    optimizer = keras.optimizers.AdamW(
        schedule, weight_decay=WEIGHT_DECAY, clipnorm=5.0, use_ema=True, ema_momentum=AVERAGING,
        ema_overwrite_frequency=None,
    )  # fmt: skip
    model.compile(optimizer, line_loss)
    work = out / "work"
    work.mkdir(parents=True, exist_ok=True)
    every = max(1, steps // (recipe.passes * REPORTS_A_PASS))
    losses: list[float] = []
    record: dict[str, float] = {}
    for step, (images, truth) in enumerate(_batches(lines, recipe), 1):
        losses.append(float(model.train_on_batch(images, truth)))
        if step % every == 0 or step == steps:
            with averaged(model):
                error = string_error(model, held_out)
                model.save_weights(work / "lines.weights.h5")
            # train_on_batch reports the mean since the last reset.
            record = {"steps": step, "loss": float(np.mean(losses[-50:])), "held_out_string_error": error}
            model.reset_metrics()
            report(f"lines: step {step}/{steps}, loss {record['loss']:.4f}, held-out strings wrong {error:.2%}")
    model.optimizer.finalize_variable_values(model.trainable_variables)
    export(model, out)
    return record


class averaged:
    """`with averaged(model):` the running average of the weights stands in for the weights."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def __enter__(self) -> None:
        from keras import ops

        self._raw = [ops.convert_to_numpy(v) for v in self._model.trainable_variables]
        self._model.optimizer.finalize_variable_values(self._model.trainable_variables)

    def __exit__(self, *_: object) -> None:
        for variable, value in zip(self._model.trainable_variables, self._raw, strict=True):
            variable.assign(value)


def _batches(lines: dict[int, Lines], recipe: LineRecipe) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Batches of one width each, widths and lines shuffled anew in each pass."""
    for turn in range(recipe.passes):
        rng = np.random.default_rng((recipe.seed, turn))
        plan = []
        for width in sorted(lines):
            order = rng.permutation(len(lines[width].codes))
            plan += [(width, order[at : at + BATCH]) for at in range(0, len(order) - BATCH + 1, BATCH)]
        for place in rng.permutation(len(plan)):
            width, rows = plan[place]
            part = lines[width]
            truth = np.concatenate((part.columns[rows], part.codes[rows]), axis=1).astype(np.int32)
            yield part.images[rows], truth


def string_error(model: Any, lines: dict[int, Lines]) -> float:
    """Share of the lines with a code whose best code of its length is wrong."""
    wrong = total = 0
    for part in lines.values():
        columns = model.predict(part.images, batch_size=64, verbose=0)
        for seen, code in zip(columns, part.codes, strict=True):
            name = "".join(str(digit) for digit in code if digit != NO_DIGIT)
            if name:
                total += 1
                wrong += best_codes(seen, len(name))[:1] != [name]
    return wrong / max(1, total)


def export(model: Any, out: Path) -> None:
    """Write lines.keras, the model of record, and lines.onnx."""
    import keras

    model.compile()  # the optimizer's state has no place in the model of record
    model.save(out / "lines.keras")
    signature = [keras.InputSpec(dtype="uint8", shape=(None, 32, None), name="lines")]
    model.export(out / "lines.onnx", format="onnx", input_signature=signature, verbose=False)
