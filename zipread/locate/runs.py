"""Runs of letters in a line that may be a code: words, and words joined or parted where the spacing leaves a doubt."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from zipread.locate.lines import TextLine
from zipread.records import ADD_ON_DIGITS

WORD_GAP = 0.10
"""Gaps up to this are never the end of a word, letter heights."""
TOGETHER = 0.7
"""Letters whose gap is narrower than this share of the gaps around are a word."""
LEAST_PITCH, GREATEST_PITCH = 0.45, 2.2
"""Narrowest and widest run offered, digit heights per digit."""
LEAST_PART = 0.3
"""Least share of a run's width on either side of a hyphen in it: ZIP+4 has 5 of 9 before it, a Polish code 2 of 5."""


@dataclass(frozen=True, slots=True)
class Runs:
    """Neighbouring letters of a line that may be the code, k runs of all lines.

    Arrays rather than a record for each run: a page of print has hundreds, and they are weighed all at once. Gaps are
    in letter heights, infinite at the line's ends.
    """

    letters: np.ndarray  # (n, 4) float64: left, top, right, bottom of the letters of all lines; working pixels
    line: np.ndarray  # (k,) index of each run's line
    start: np.ndarray  # (k,) its first letter
    stop: np.ndarray  # (k,) one past its last letter
    gap_before: np.ndarray  # (k,)
    gap_after: np.ndarray  # (k,)
    gap_inside: np.ndarray  # (k,) the widest
    dash_before: np.ndarray  # (k,) bool
    dash_after: np.ndarray  # (k,) bool
    after_two: np.ndarray  # (k,) bool, a word of two letters stands before it

    @property
    def spans(self) -> np.ndarray:
        """The boxes (k, 4) around the letters of each run: left, top, right, bottom."""
        at, first, _ = self.flat()
        if not len(at):
            return np.empty((0, 4))
        boxes = self.letters[at]
        low, high = np.minimum.reduceat(boxes[:, :2], first), np.maximum.reduceat(boxes[:, 2:], first)
        return np.concatenate([low, high], axis=1)

    def flat(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The letters of all runs in a row: index of each letter, where each run begins, and run of each letter."""
        size = self.stop - self.start
        first = np.cumsum(size) - size
        run = np.repeat(np.arange(len(size)), size)
        return np.arange(len(run)) - (first - self.start)[run], first, run


@dataclass(frozen=True, slots=True)
class _Spaced:
    """The letters of a line and the spaces between them, hyphens taken out."""

    letters: np.ndarray  # (n, 4)
    gaps: np.ndarray  # (n - 1,) letter heights; with a hyphen in it, half of what the hyphen leaves
    dashes: list[bool]  # n - 1, whether a hyphen stands there


def find_runs(lines: Sequence[TextLine], pieces: np.ndarray, digits: int) -> Runs:
    """Runs whose gaps outside are wider than those inside: the words of the lines, at every scale of spacing.

    `pieces` (m, 4) are the boxes of what stands on no line, among them hyphens.
    """
    long = [i for i, line in enumerate(lines) if line.right - line.left >= LEAST_PITCH * digits * line.height]
    spaced = _space_out([lines[i] for i in long], pieces)
    found: list[tuple[int, int, int, float, float, float, bool, bool, bool]] = []
    begin = 0
    for i, line in zip(long, spaced, strict=True):
        gaps, dashes = [math.inf, *line.gaps.tolist(), math.inf], [False, *line.dashes, False]
        for start, stop in _runs_of(line, lines[i].height, digits):
            inside = max(gaps[start + 1 : stop], default=0.0)
            around = dashes[start], dashes[stop], _is_after_two(gaps, start)
            found.append((i, begin + start, begin + stop, gaps[start], gaps[stop], inside, *around))
        begin += len(line.letters)
    letters = np.concatenate([line.letters for line in spaced]) if spaced else np.empty((0, 4))
    table = np.array(found, np.float64).reshape(-1, 9).T
    line_index, start_index, stop_index = table[:3].astype(np.int64)
    return Runs(letters, line_index, start_index, stop_index, *table[3:6], *(table[6:] > 0))


def _is_after_two(gaps: Sequence[float], start: int) -> bool:
    """Whether the two letters before a run are a word; gaps[i] is the one before letter i, infinite at the ends."""
    return start >= 2 and gaps[start - 1] < TOGETHER * min(gaps[start], gaps[start - 2])


def _space_out(lines: list[TextLine], pieces: np.ndarray) -> list[_Spaced]:
    """Each line's letters and gaps. Most lines have no hyphen, and theirs are measured all at once."""
    if not lines:
        return []
    letters = np.concatenate([line.letters for line in lines])
    size = np.array([len(line.letters) for line in lines])
    height = np.array([line.height for line in lines])
    begin = np.cumsum(size) - size
    owner = np.repeat(np.arange(len(lines)), size)
    flat = _is_flat(letters, height[owner])
    loose = _flat_pieces(lines, pieces, height)
    # Offsets of a page's extent keep the running maximum within each line.
    offset = owner * (letters[:, 2].max() + 1.0)
    reached = np.maximum.accumulate(letters[:, 2] + offset) - offset
    gaps = np.maximum(letters[1:, 0] - reached[:-1], 0.0) / height[owner][:-1]
    spaced = []
    for i, line in enumerate(lines):
        own = slice(begin[i], begin[i] + size[i])
        if i in loose or flat[own].any():
            spaced.append(_parted_at_hyphens(line, flat[own], loose.get(i, pieces[:0])))
        else:
            spaced.append(_Spaced(line.letters, gaps[own.start : own.stop - 1], [False] * (len(line.letters) - 1)))
    return spaced


def _is_flat(boxes: np.ndarray, height: np.ndarray) -> np.ndarray:
    """Whether boxes (n, 4) have the shape of a hyphen beside letters of a height (n,)."""
    wide, tall = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    return (tall <= 0.42 * height) & (wide >= 1.2 * tall) & (wide >= 0.15 * height) & (wide <= 0.95 * height)


def _flat_pieces(lines: list[TextLine], pieces: np.ndarray, height: np.ndarray) -> dict[int, np.ndarray]:
    """The pieces between a line's ends that have the shape of a hyphen, by line; lines without any are left out."""
    pieces = pieces[pieces[:, 2] - pieces[:, 0] >= 1.2 * (pieces[:, 3] - pieces[:, 1])]
    centre = (pieces[:, 1] + pieces[:, 3]) / 2
    order = np.argsort(centre, kind="stable")
    pieces, centre = pieces[order], centre[order]
    middle = np.array([line.middle for line in lines])
    left, right = np.array([line.left for line in lines]), np.array([line.right for line in lines])
    start = np.searchsorted(centre, middle - height)
    number = np.searchsorted(centre, middle + height, side="right") - start
    owner = np.repeat(np.arange(len(lines)), number)
    piece = np.arange(len(owner)) - np.repeat(np.cumsum(number) - number - start, number)
    near = pieces[piece]
    good = (near[:, 0] > left[owner]) & (near[:, 2] < right[owner]) & _is_flat(near, height[owner])
    own, first = np.unique(owner[good], return_index=True)
    return dict(zip(own.tolist(), np.split(near[good], first[1:]), strict=True)) if len(own) else {}


def _parted_at_hyphens(line: TextLine, flat: np.ndarray, pieces: np.ndarray) -> _Spaced:
    """The letters and gaps of a line in which letters (`flat`) or `pieces` (m, 4) have the shape of a hyphen."""
    height = line.height
    boxes = np.concatenate([line.letters[flat], pieces])
    # The middle of the letters around a piece, because a line may slope.
    around = np.abs(line.letters[None, :, 0] - boxes[:, None, 0]) <= 2.5 * height
    centre = (line.letters[:, 1] + line.letters[:, 3]) / 2
    level = (around * centre).sum(axis=1) / np.maximum(1, around.sum(axis=1))
    dash = np.abs((boxes[:, 1] + boxes[:, 3]) / 2 - level) <= 0.25 * height
    kept = ~flat
    kept[flat] = ~dash[: np.count_nonzero(flat)]
    letters, boxes = line.letters[kept], boxes[dash]
    if len(letters) < 2:
        unparted = len(line.letters) - 1
        return _Spaced(line.letters, np.zeros(unparted), [False] * unparted)
    start, stop = np.maximum.accumulate(letters[:, 2])[:-1], letters[1:, 0]
    gaps = np.maximum(stop - start, 0.0)
    middle = (boxes[:, 0] + boxes[:, 2]) / 2
    between = (middle[None] > start[:, None] - 0.1 * height) & (middle[None] < stop[:, None] + 0.1 * height)
    filled = (between * (boxes[:, 2] - boxes[:, 0])).max(axis=1, initial=0.0)
    gaps = np.where(filled > 0, np.maximum(gaps - filled, 0.0) / 2, gaps) / height
    return _Spaced(letters, gaps, (filled > 0).tolist())


def _runs_of(line: _Spaced, height: float, digits: int) -> list[tuple[int, int]]:
    """First letter and one past the last of each run of a line whose letters are `height` pixels tall."""
    runs = dict.fromkeys(_words(line, height, digits))
    return [run for run in runs if _is_balanced(line, *run)] if any(line.dashes) else list(runs)


def _is_balanced(line: _Spaced, start: int, stop: int) -> bool:
    """Whether no hyphen in a run cuts off a mere bit of it: that is the end of one number and the add-on of it."""
    left, right = line.letters[start, 0], line.letters[start:stop, 2].max()
    hyphens = [at + 1 for at in range(start, stop - 1) if line.dashes[at]]
    shares = [(line.letters[at, 0] - left) / (right - left) for at in hyphens]
    return all(LEAST_PART <= share <= 1.0 - LEAST_PART for share in shares)


def _words(line: _Spaced, height: float, digits: int) -> Iterator[tuple[int, int]]:
    """Words of a line, and words joined or parted; some more than once."""
    left, right, gaps = line.letters[:, 0].tolist(), line.letters[:, 2].tolist(), line.gaps.tolist()
    dashed = any(line.dashes)
    shortest, longest = LEAST_PITCH * digits * height, GREATEST_PITCH * digits * height
    longest_dashed = longest + GREATEST_PITCH * (ADD_ON_DIGITS + 1) * height

    def extent(start: int, stop: int) -> float:
        return max(right[start:stop]) - left[start]

    def most(start: int, stop: int) -> float:
        return longest_dashed if dashed and any(line.dashes[start : stop - 1]) else longest

    pending = [(0, len(left))]
    while pending:
        start, stop = pending.pop()
        width = extent(start, stop)
        if width < shortest:
            continue
        if width <= most(start, stop):
            yield start, stop
        inside = gaps[start : stop - 1]
        widest = max(inside, default=0.0)
        if dashed:
            hyphens = [start + 1 + i for i, dash in enumerate(line.dashes[start : stop - 1]) if dash]
            pending += pairwise([start, *hyphens, stop]) if hyphens else ()
        # Gaps nearly as wide as the widest are of one kind: all of them part, not one before the other.
        parts = [start + 1 + i for i, gap in enumerate(inside) if gap >= 0.8 * widest and gap > WORD_GAP]
        if not parts:
            continue
        edges = [start, *parts, stop]
        pending += pairwise(edges)
        # Two neighbours together: a code may have one gap as wide as the gap before it.
        for i in range(len(edges) - 2 if len(edges) > 3 else 0):
            if shortest <= extent(edges[i], edges[i + 2]) <= most(edges[i], edges[i + 2]):
                yield edges[i], edges[i + 2]
