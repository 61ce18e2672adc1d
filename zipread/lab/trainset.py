"""The training set of the classifier: handwriting redrawn, strokes, print, and what is not one digit.

Everything passes through `zipread.normalize.normalize_ink`, the function the reader itself uses. The set is made in
chunks, each from a seed of its own, so that it is the same whatever the number of processes.
"""

from __future__ import annotations

from collections.abc import Callable
from multiprocessing import get_context

import cv2
import numpy as np

from zipread.lab import rejects
from zipread.lab.augment import fill_box, redraw
from zipread.lab.characters import Glyphs
from zipread.lab.cuts import cut_examples
from zipread.lab.mnist import Digits
from zipread.lab.shapes import CANVAS, Shape, body_shape, center_line_shape, ink_of, line_shape, mask_shape
from zipread.lab.strokes import draw_center_lines, own_shape
from zipread.normalize import normalize_ink
from zipread.records import NOT_A_DIGIT

CHUNK = 2_000
"""Pictures made from one seed."""

RECIPE: dict[str, int] = {
    "as_is": 223_000,
    "unspoilt": 150_000,
    "filled": 100_000,
    "handwriting": 121_000,
    "strokes": 159_000,
    "print": 180_000,
    "pieces": 6_000,
    "fragments": 9_000,
    "pairs": 9_000,
    "marks": 6_000,
    "crosses": 20_000,
    "letters": 24_000,
    "touching": 89_000,
}
"""Pictures of each source in the training set: mostly clean ones, because most scans are."""

NARROW_SHARE = 0.35
NARROW = (0.45, 0.8)
"""Share of drawn strokes that are squeezed from the sides, and to what share of their width."""


Labelled = tuple[np.ndarray, int]
Source = Callable[[np.random.Generator, Digits, Glyphs], Labelled | list[Labelled] | None]


def _any_shape(rng: np.random.Generator, digits: Digits) -> tuple[Shape, int]:
    index = int(rng.integers(len(digits.y)))
    shape = center_line_shape(digits.x[index]) if rng.random() < 0.35 else body_shape(digits.x[index])
    return shape, int(digits.y[index])


def _any_ink(rng: np.random.Generator, digits: Digits, glyphs: Glyphs) -> np.ndarray:
    """A digit on the fine canvas, mostly handwritten."""
    if rng.random() < 0.2:
        return ink_of(rng, mask_shape(glyphs.digits[rng.integers(len(glyphs.digits))]), 0.25)
    return ink_of(rng, body_shape(digits.x[rng.integers(len(digits.y))]), 1.0)


def _as_is(rng: np.random.Generator, digits: Digits, glyphs: Glyphs) -> Labelled:
    index = int(rng.integers(len(digits.y)))
    return digits.x[index], int(digits.y[index])


def _handwriting(rng: np.random.Generator, digits: Digits, glyphs: Glyphs) -> Labelled:
    shape, label = _any_shape(rng, digits)
    return normalize_ink(redraw(rng, shape, _any_ink(rng, digits, glyphs), rng.uniform(0.5, 1.1))), label


def _unspoilt(rng: np.random.Generator, digits: Digits, glyphs: Glyphs) -> Labelled:
    """Handwriting bent a little, on a scan without fault."""
    index = int(rng.integers(len(digits.y)))
    return normalize_ink(ink_of(rng, body_shape(digits.x[index]), 0.7)), int(digits.y[index])


def _filled(rng: np.random.Generator, digits: Digits, glyphs: Glyphs) -> Labelled:
    """Handwriting as collections of small pictures deliver it, stretched to fill each."""
    shape, label = _any_shape(rng, digits)
    return normalize_ink(fill_box(rng, shape, rng.uniform(0.4, 1.0))), label


def _strokes(rng: np.random.Generator, digits: Digits, glyphs: Glyphs) -> Labelled:
    # Ones, sevens and fours differ most between countries.
    label = int(rng.choice(10, p=(0.1, 0.18, 0.08, 0.07, 0.12, 0.08, 0.08, 0.13, 0.06, 0.1)))
    shape = line_shape(_narrowed(rng, draw_center_lines(rng, own_shape(rng, label), CANVAS)))
    return normalize_ink(redraw(rng, shape, _any_ink(rng, digits, glyphs), 1.0)), label


def _narrowed(rng: np.random.Generator, lines: np.ndarray) -> np.ndarray:
    """Squeeze strokes (84, 84) uint8 from the sides, at times: some hands write every digit narrow."""
    if rng.random() >= NARROW_SHARE:
        return lines
    width = round(CANVAS * rng.uniform(*NARROW))
    ink = np.where(cv2.resize(lines, (width, CANVAS), interpolation=cv2.INTER_AREA) > 0, 255, 0).astype(np.uint8)
    left = (CANVAS - width) // 2
    return cv2.copyMakeBorder(ink, 0, 0, left, CANVAS - width - left, cv2.BORDER_CONSTANT, value=0)


def _print(rng: np.random.Generator, digits: Digits, glyphs: Glyphs) -> Labelled:
    index = int(rng.integers(len(glyphs.digits)))
    neighbour = glyphs.digits[rng.integers(len(glyphs.digits))]
    return normalize_ink(redraw(rng, mask_shape(glyphs.digits[index]), neighbour, 0.3)), int(glyphs.digit_labels[index])


def _pieces(rng: np.random.Generator, digits: Digits, glyphs: Glyphs) -> Labelled | None:
    rest = rejects.piece(rng, _any_ink(rng, digits, glyphs))
    return None if rest is None else (normalize_ink(rejects.as_cut(rng, rest)), NOT_A_DIGIT)


def _beside(rng: np.random.Generator, digits: Digits, glyphs: Glyphs, share: float) -> Labelled | None:
    inks = (_any_ink(rng, digits, glyphs), _any_ink(rng, digits, glyphs))
    both = rejects.pair(rng, *inks, share)
    return None if both is None else (normalize_ink(rejects.as_cut(rng, both)), NOT_A_DIGIT)


def _fragments(rng: np.random.Generator, digits: Digits, glyphs: Glyphs) -> Labelled | None:
    return _beside(rng, digits, glyphs, rng.uniform(0.3, 0.7))


def _pairs(rng: np.random.Generator, digits: Digits, glyphs: Glyphs) -> Labelled | None:
    return _beside(rng, digits, glyphs, 1.0)


def _marks(rng: np.random.Generator, digits: Digits, glyphs: Glyphs) -> Labelled:
    return normalize_ink(rejects.as_cut(rng, rejects.mark(rng))), NOT_A_DIGIT


def _crosses(rng: np.random.Generator, digits: Digits, glyphs: Glyphs) -> Labelled:
    return normalize_ink(rejects.as_cut(rng, rejects.cross(rng))), NOT_A_DIGIT


def _letters(rng: np.random.Generator, digits: Digits, glyphs: Glyphs) -> Labelled:
    ink = ink_of(rng, mask_shape(glyphs.letters[rng.integers(len(glyphs.letters))]), 0.6)
    return normalize_ink(rejects.as_cut(rng, ink)), NOT_A_DIGIT


def _touching(rng: np.random.Generator, digits: Digits, glyphs: Glyphs) -> list[Labelled]:
    """The candidates of a string of touching digits by one writer, or of one font."""
    count = int(rng.integers(2, 6))
    if rng.random() < 0.12:
        chosen = rng.integers(len(glyphs.digits), size=count)
        inks = [ink_of(rng, mask_shape(glyphs.digits[i]), 0.2) for i in chosen]
        return cut_examples(rng, inks, [int(glyphs.digit_labels[i]) for i in chosen])
    same_hand = np.flatnonzero(digits.writer == digits.writer[rng.integers(len(digits.y))])
    chosen = rng.choice(same_hand, count)
    inks = [ink_of(rng, body_shape(digits.x[i]), 0.6) for i in chosen]
    return cut_examples(rng, inks, [int(digits.y[i]) for i in chosen])


SOURCES: dict[str, Source] = {
    "as_is": _as_is,
    "handwriting": _handwriting,
    "strokes": _strokes,
    "print": _print,
    "pieces": _pieces,
    "fragments": _fragments,
    "pairs": _pairs,
    "marks": _marks,
    "crosses": _crosses,
    "letters": _letters,
    "touching": _touching,
    "unspoilt": _unspoilt,
    "filled": _filled,
}


def make_chunk(source: str, count: int, seed: int, digits: Digits, glyphs: Glyphs) -> tuple[np.ndarray, np.ndarray]:
    """`count` pictures of one source: (count, 28, 28) uint8 and (count,) uint8 labels 0..10."""
    rng = np.random.default_rng((seed, sorted(SOURCES).index(source)))
    images = np.empty((count, 28, 28), np.uint8)
    labels = np.empty(count, np.uint8)
    made = 0
    while made < count:
        result = SOURCES[source](rng, digits, glyphs) or []
        for image, label in result if isinstance(result, list) else [result]:
            if made < count and image.any():
                images[made], labels[made] = image, label
                made += 1
    return images, labels


_worker_data: tuple[Digits, Glyphs] | None = None


def _start_worker(digits: Digits, glyphs: Glyphs) -> None:
    global _worker_data  # noqa: PLW0603  one copy a process instead of one a chunk
    cv2.setNumThreads(1)
    _worker_data = (digits, glyphs)


def _work(task: tuple[str, int, int]) -> tuple[np.ndarray, np.ndarray]:
    assert _worker_data is not None
    return make_chunk(*task, *_worker_data)


def make_set(
    recipe: dict[str, int], digits: Digits, glyphs: Glyphs, scale: float, seed: int, jobs: int,
    on_progress: Callable[[int, int], None],
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """A whole set, sources one after the other.

    Args:
        recipe: pictures of each source.
        digits: handwritten digits to redraw.
        glyphs: characters of fonts.
        scale: size of the set relative to the recipe.
        seed: decides everything.
        jobs: processes.
        on_progress: called with (pictures made, pictures in all).

    Returns:
        (n, 28, 28) uint8 pictures and (n,) uint8 labels 0..10.
    """
    tasks: list[tuple[str, int, int]] = []
    for source, full in recipe.items():
        wanted = max(1, round(full * scale))
        for first in range(0, wanted, CHUNK):
            tasks.append((source, min(CHUNK, wanted - first), seed * 1_000_003 + first))
    total = sum(count for _, count, _ in tasks)
    images, labels, made = [], [], 0
    with get_context("spawn").Pool(jobs, _start_worker, (digits, glyphs)) as pool:
        for chunk_images, chunk_labels in pool.imap(_work, tasks):
            images.append(chunk_images)
            labels.append(chunk_labels)
            made += len(chunk_labels)
            on_progress(made, total)
    return np.concatenate(images), np.concatenate(labels)
