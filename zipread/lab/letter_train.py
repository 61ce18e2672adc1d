"""Train the reader of letters, which names what the columns of a line show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from zipread.lab import stopped
from zipread.lab.course import Course
from zipread.lab.letterset import Texts
from zipread.lab.line_distort import distort
from zipread.lab.line_export import export_lines
from zipread.lab.line_network import features, named
from zipread.lab.line_train import BATCH, fit, shuffled
from zipread.letters import NO_LETTER, likeliest_letters
from zipread.sequence import COLUMN, ROWS


def train_letters(texts: dict[int, Texts], held_out: dict[int, Texts], passes: int, course: Course) -> dict[str, Any]:
    """Train, and write letters.keras and letters.onnx.

    A new network begins with what the second reader of the course's folder sees in a line.

    Args:
        texts: what trains, by width.
        held_out: lines in other fonts, which only report.
        passes: over the whole set.
        course: where training begins, reports and writes; lines.keras lies there.

    Returns:
        The training record for the manifest.

    Raises:
        InputError: the stopped run had another recipe.
    """
    import keras

    model = build()
    if course.start is None or not (course.start / "letters.keras").exists():
        course = replace(course, start=None)
        begin_as(model, keras.saving.load_model(course.out / "lines.keras", compile=False))
    batches = partial(_batches, texts, course.seed)
    steps = passes * sum(len(part.letters) // BATCH for part in texts.values())

    def tell() -> str:
        wrong, letters = errors(model, held_out)
        return f"held-out lines wrong {wrong:.2%}, letters wrong {letters:.2%}"

    loss = fit(model, "letters", letter_loss, batches, passes, steps, tell, course)
    wrong, letters = errors(model, held_out)
    parameters = int(model.count_params())
    stopped.keep_record(model, course.out, "letters")
    export_lines(model, course.out / "letters.onnx")
    return {
        "parameters": parameters,
        "passes": passes,
        "lines": sum(len(part.letters) for part in texts.values()),
        "loss": loss,
        "held_out_lines_wrong": wrong,
        "held_out_letters_wrong": letters,
    }


def build() -> Any:
    """The network, untrained: about 0.6 M parameters, for lines of any width that is a multiple of 16.

    Returns:
        A keras.Model from (n, 32, w) uint8 lines to (n, w / 2, 27) float32 probabilities, of 26 letters and none.
    """
    from keras import Input, Model

    lines = Input((ROWS, None), dtype="uint8", name="lines")
    return Model(lines, named(features(lines), NO_LETTER + 1, "columns"), name="zipread_letters")


def begin_as(model: Any, other: Any) -> None:
    """Give a network the weights of another, layer by layer, as far as their shapes are the same."""
    for mine, theirs in zip(model.layers, other.layers, strict=False):
        shapes = [[weight.shape for weight in layer.get_weights()] for layer in (mine, theirs)]
        if shapes[0] != shapes[1]:
            return
        mine.set_weights(theirs.get_weights())


def letter_loss(truth: Any, columns: Any) -> Any:
    """CTC (Graves et al. 2006), a letter's share of it.

    Args:
        truth: (n, k) letters padded with NO_LETTER.
        columns: (n, t, 27) probabilities.

    Returns:
        (n,) losses.
    """
    from keras import ops

    truth = ops.cast(truth, "int32")
    steps = columns.shape[1] or ops.shape(columns)[1]
    lengths = ops.sum(ops.cast(truth < NO_LETTER, "int32"), axis=1)
    logs = ops.log(ops.maximum(columns, 1e-7))
    whole = ops.full_like(lengths, steps)
    return ops.ctc_loss(ops.where(truth < NO_LETTER, truth, 0), logs, lengths, whole, mask_index=NO_LETTER) / 10.0


def _batches(texts: dict[int, Texts], seed: int, passes: int, first: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Batches of one width each, without the `first`; lines are distorted anew in each pass."""
    sizes = {width: len(part.letters) for width, part in texts.items()}
    for width, rows, rng in shuffled(sizes, seed, passes, first):
        images = texts[width].images[rows]
        distorted, _ = distort(rng, images, np.zeros((len(images), width // COLUMN), np.uint8))
        yield distorted, texts[width].letters[rows].astype(np.int32)


def errors(model: Any, texts: dict[int, Texts]) -> tuple[float, float]:
    """Shares of the lines that are not read in whole, and of letters that are read wrongly, left out or added."""
    wrong = mistakes = lines = letters = 0
    for part in texts.values():
        for answer, truth in zip(model.predict(part.images, batch_size=BATCH, verbose=0), part.letters, strict=True):
            apart = _edits(likeliest_letters(answer), truth[truth < NO_LETTER].tolist())
            lines, letters = lines + 1, letters + int((truth < NO_LETTER).sum())
            wrong, mistakes = wrong + (apart > 0), mistakes + apart
    return wrong / max(1, lines), mistakes / max(1, letters)


def _edits(one: list[int], other: list[int]) -> int:
    """Letters to change, leave out and add (Levenshtein 1966)."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        before, row[0] = row[0], i
        for j, b in enumerate(other, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (a != b))
    return row[-1]
