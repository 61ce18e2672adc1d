"""Train the second reader, which names the columns of whole lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from zipread.decode.columns import best_codes
from zipread.lab import stopped
from zipread.lab.course import Course, averaged
from zipread.lab.line_distort import distort
from zipread.lab.line_export import export_lines
from zipread.lab.line_network import build, line_loss
from zipread.lab.lineset import NO_DIGIT, Lines
from zipread.sequence import seen

BATCH = 64
LEARNING_RATE = 2e-3
WEIGHT_DECAY = 1e-2
WARMUP = 300
"""Steps until the learning rate is reached."""

REPORTS_A_PASS = 4
"""Reports, checkpoints and checks of the held-out lines for each pass over the set."""

Batches = Callable[[int, int], Iterator[tuple[np.ndarray, np.ndarray]]]
"""Of lines and what they show: of so many passes, without the first so many batches."""


def train_lines(lines: dict[int, Lines], held_out: dict[int, Lines], passes: int, course: Course) -> dict[str, Any]:
    """Train, and write lines.keras and lines.onnx.

    Args:
        lines: what trains, by width.
        held_out: lines of other writers, which only report.
        passes: over the whole set.
        course: where training begins, reports and writes.

    Returns:
        The training record for the manifest.

    Raises:
        InputError: the stopped run had another recipe.
    """
    model = build()
    batches = partial(_batches, lines, course.seed)
    steps = passes * sum(len(part.codes) // BATCH for part in lines.values())

    def tell() -> str:
        error, mistaken = errors(model, held_out)
        return f"held-out strings wrong {error:.2%}, taken for print or handwriting wrongly {mistaken:.2%}"

    loss = fit(model, "lines", line_loss, batches, passes, steps, tell, course)
    error, mistaken = errors(model, held_out)
    parameters = int(model.count_params())
    stopped.keep_record(model, course.out, "lines")
    export_lines(model, course.out / "lines.onnx")
    return {
        "parameters": parameters,
        "passes": passes,
        "lines": sum(len(p.codes) for p in lines.values()),
        "loss": loss,
        "held_out_string_error": error,
        "held_out_kinds_mistaken": mistaken,
    }


def fit(
    model: Any,
    name: str,
    loss: Callable[[Any, Any], Any],
    batches: Batches,
    passes: int,
    steps: int,
    tell: Callable[[], str],
    course: Course,
) -> float:
    """Train a network of columns, and settle its weights.

    Args:
        model: the network.
        name: of the network.
        loss: of the truth and of what the network says.
        batches: gives those of so many passes, without the first few.
        passes: over the whole set.
        steps: of all passes.
        tell: says in words how the network does, for a report.
        course: where training begins, reports and writes.

    Returns:
        The mean loss since the last report but one.

    Raises:
        InputError: the stopped run had another recipe.
    """
    import keras

    keras.utils.set_random_seed(course.seed)
    model.compile(course.optimizer(steps, min(WARMUP, steps // 4), LEARNING_RATE, WEIGHT_DECAY), loss)
    recipe = {"seed": course.seed, "passes": passes, "steps": steps}
    first = course.begin(model, name, recipe)
    every = max(1, steps // (passes * REPORTS_A_PASS))
    mean = 0.0

    def pictures() -> Iterator[np.ndarray]:
        return (images for images, _ in batches(1, 0))

    for step, (images, truth) in enumerate(batches(passes, first), first + 1):
        mean = float(model.train_on_batch(images, truth))  # since the last reset
        if step % every == 0 or step == steps:
            with averaged(model, pictures()):
                told = tell()
            course.report(f"{name}: step {step}/{steps}, loss {mean:.4f}, {told}")
            model.reset_metrics()
            course.keep(model, name, recipe, step)
    course.settle(model, name, pictures)
    return mean


def _batches(
    lines: dict[int, Lines], seed: int, passes: int, first: int = 0
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Batches of one width each, without the `first`; lines are distorted anew in each pass."""
    sizes = {width: len(part.codes) for width, part in lines.items()}
    for width, rows, rng in shuffled(sizes, seed, passes, first):
        part = lines[width]
        images, columns = distort(rng, part.images[rows], part.columns[rows])
        truth = np.concatenate((columns, part.codes[rows], part.by_hand[rows, None]), axis=1)
        yield images, truth.astype(np.int32)


def shuffled(
    sizes: dict[int, int], seed: int, passes: int, first: int
) -> Iterator[tuple[int, np.ndarray, np.random.Generator]]:
    """Which lines make each batch, without the `first`: a width, (BATCH,) rows of it, and what distorts them."""
    step = 0
    for turn in range(passes):
        rng = np.random.default_rng((seed, turn))
        plan: list[tuple[int, np.ndarray]] = []
        for width in sorted(sizes):
            order = rng.permutation(sizes[width])
            plan += [(width, order[at : at + BATCH]) for at in range(0, len(order) - BATCH + 1, BATCH)]
        for place in rng.permutation(len(plan)):
            step += 1
            if step > first:
                yield *plan[place], np.random.default_rng((seed, turn, step))


def errors(model: Any, lines: dict[int, Lines]) -> tuple[float, float]:
    """Shares of the lines with a code whose best code of its length is wrong, and that are taken for the other kind."""
    wrong = mistaken = total = 0
    for part in lines.values():
        answers = model.predict(part.images, batch_size=BATCH, verbose=0)
        for answer, code, is_hand in zip(answers, part.codes, part.by_hand, strict=True):
            name = "".join(str(digit) for digit in code if digit != NO_DIGIT)
            if name:
                said = seen(answer)
                total += 1
                wrong += best_codes(said.columns, len(name))[:1] != [name]
                mistaken += (said.by_hand > 0.5) != is_hand
    return wrong / max(1, total), mistaken / max(1, total)
