"""Runs of letters in a line that may be a code: words, and words joined or parted where the spacing leaves a doubt."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from zipread.locate.lines import TextLine
from zipread.locate.upright import Span

WORD_GAP = 0.10
"""Gaps up to this are never the end of a word, letter heights."""
LEAST_PITCH, GREATEST_PITCH = 0.45, 2.2
"""Narrowest and widest run offered, digit heights per digit."""
ADD_ON_DIGITS = 4
"""Digits of the add-on that may follow a ZIP code (ZIP+4)."""


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring letters of a line that may be the code. Gaps are in letter heights, infinite at the line's ends."""

    letters: list[list[float]]  # left, top, right, bottom of each; working pixels
    height: float  # of the line's letters, working pixels
    gap_before: float
    gap_after: float
    gap_inside: float  # the widest
    dash_before: bool
    dash_after: bool
    line: TextLine

    @property
    def span(self) -> Span:
        """The box around the letters."""
        left, top, right, bottom = zip(*self.letters, strict=True)
        return Span(min(left), min(top), max(right), max(bottom))


@dataclass(frozen=True, slots=True)
class _Spaced:
    """The letters of a line and the spaces between them, hyphens taken out."""

    letters: list[list[float]]
    gaps: list[float]  # n - 1, letter heights; with a hyphen in it, half of what the hyphen leaves
    dashes: list[bool]  # n - 1, whether a hyphen stands there


def _spaced(line: TextLine, pieces: np.ndarray) -> _Spaced:
    height = line.height
    near = pieces[
        (np.abs((pieces[:, 1] + pieces[:, 3]) / 2 - line.middle) <= height)
        & (pieces[:, 0] > line.left)
        & (pieces[:, 2] < line.right)
    ]
    boxes = np.concatenate([line.letters, near])
    wide, tall = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    flat = (tall <= 0.42 * height) & (wide >= 1.2 * tall) & (wide >= 0.15 * height) & (wide <= 0.95 * height)
    # The middle of the letters around a piece, because a line may slope.
    around = np.abs(line.letters[None, :, 0] - boxes[:, None, 0]) <= 2.5 * height
    centre = (line.letters[:, 1] + line.letters[:, 3]) / 2
    level = (around * centre).sum(axis=1) / np.maximum(1, around.sum(axis=1))
    dash = flat & (np.abs((boxes[:, 1] + boxes[:, 3]) / 2 - level) <= 0.25 * height)
    letters = line.letters[~dash[: len(line.letters)]]
    if len(letters) < 2:
        unparted = len(line.letters) - 1
        return _Spaced(line.letters.tolist(), [0.0] * unparted, [False] * unparted)
    start, stop = np.maximum.accumulate(letters[:, 2])[:-1], letters[1:, 0]
    gaps = np.maximum(stop - start, 0.0)
    middle = (boxes[dash, 0] + boxes[dash, 2]) / 2
    between = (middle[None] > start[:, None] - 0.1 * height) & (middle[None] < stop[:, None] + 0.1 * height)
    filled = (between * wide[dash]).max(axis=1, initial=0.0)
    gaps = np.where(filled > 0, np.maximum(gaps - filled, 0.0) / 2, gaps) / height
    return _Spaced(letters.tolist(), gaps.tolist(), (filled > 0).tolist())


def find_runs(line: TextLine, pieces: np.ndarray, digits: int) -> Iterator[Run]:
    """Runs whose gaps outside are wider than those inside: the words of a line, at every scale of spacing.

    `pieces` (m, 4) are the boxes of what stands on no line, among them hyphens.
    """
    spaced = _spaced(line, pieces)
    letters, gaps, height = spaced.letters, spaced.gaps, line.height
    shortest, longest = LEAST_PITCH * digits * height, GREATEST_PITCH * digits * height
    longest_dashed = longest + GREATEST_PITCH * (ADD_ON_DIGITS + 1) * height

    def fits(start: int, stop: int) -> bool:
        return shortest <= width(start, stop) <= (longest_dashed if any(spaced.dashes[start : stop - 1]) else longest)

    def width(start: int, stop: int) -> float:
        return max(letter[2] for letter in letters[start:stop]) - letters[start][0]

    def run(start: int, stop: int) -> Run:
        before = gaps[start - 1] if start else math.inf
        after = gaps[stop - 1] if stop < len(letters) else math.inf
        inside = max(gaps[start : stop - 1], default=0.0)
        dash_before, dash_after = (
            start > 0 and spaced.dashes[start - 1],
            stop < len(letters) and spaced.dashes[stop - 1],
        )
        return Run(letters[start:stop], height, before, after, inside, dash_before, dash_after, line)

    pending = [(0, len(letters))]
    while pending:
        start, stop = pending.pop()
        if width(start, stop) < shortest:
            continue
        if fits(start, stop):
            yield run(start, stop)
        inside = gaps[start : stop - 1]
        widest = max(inside, default=0.0)
        hyphens = [start + 1 + i for i, dash in enumerate(spaced.dashes[start : stop - 1]) if dash]
        if hyphens:
            pending += pairwise([start, *hyphens, stop])
        # Gaps nearly as wide as the widest are of one kind: all of them part, not one before the other.
        parts = [start + 1 + i for i, gap in enumerate(inside) if gap >= 0.8 * widest and gap > WORD_GAP]
        if not parts:
            continue
        edges = [start, *parts, stop]
        pending += pairwise(edges)
        # Two neighbours together: a code may have one gap as wide as the gap before it.
        for i in range(len(edges) - 2 if len(edges) > 3 else 0):
            if fits(edges[i], edges[i + 2]):
                yield run(edges[i], edges[i + 2])
