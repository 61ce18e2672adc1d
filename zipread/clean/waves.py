"""The wavy lines of a cancelling machine, taken out of the ink of a page.

Letters are not thin for long: where ink is only as thick as a pen over many columns, and swings up and down, it is a
piece of a wave.
"""

from __future__ import annotations

import dataclasses
import itertools

import cv2
import numpy as np

from zipread.records import CleanPage

THICKEST = 9
"""Longest upright run of ink in a wave, working pixels."""

SHORTEST = 40
"""Shortest piece by which a wave is known, working pixels."""

SWING = 1.2
"""Least standard deviation of a wave about a straight line, working pixels."""

LEAST_WAYS = 2
"""Ways up or down of a piece by which a wave is known."""

STEEPEST = 3.0
"""Most that a line rises or falls from one column to the next, working pixels."""

LEAST_PIECES = 3
"""Pieces of the waves of one cancellation; fewer are ornaments."""

BESIDE = 5.0
"""Distance within which pieces are of one cancellation, in heights of a piece."""

SMOOTHED = 7
"""Columns over which a line is smoothed before its ways up and down are counted, and the shortest such way."""

SCRAP = 10
"""Shortest scrap of a wave between letters, working pixels."""

FLAT = 1.5
"""Least width of such a scrap, in its heights."""

_EDGE = np.ones((3, 3), np.uint8)


def without_waves(clean: CleanPage) -> CleanPage | None:
    """The page without wavy lines that run about along its text; None where there are none.

    Where they cross strokes, what is steeper than a wave stays.
    """
    waves = _waves(cv2.transpose(clean.ink) if clean.is_on_its_side else clean.ink)
    if waves is None:
        return None
    ink = cv2.bitwise_and(clean.ink, cv2.bitwise_not(cv2.transpose(waves) if clean.is_on_its_side else waves))
    return dataclasses.replace(clean, ink=ink)


@dataclasses.dataclass(frozen=True, slots=True)
class _Piece:
    """Ink of one line, one run in each column."""

    left: int
    top: int
    ink: np.ndarray  # (h, w) bool

    @property
    def place(self) -> tuple[slice, slice]:
        """Rows and columns of the page."""
        height, width = self.ink.shape
        return slice(self.top, self.top + height), slice(self.left, self.left + width)


def _waves(ink: np.ndarray) -> np.ndarray | None:
    """The ink of waves, (h, w) uint8; None where there are none."""
    upright = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((THICKEST + 1, 1), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(cv2.subtract(ink, upright))
    stats[0] = 0  # the paper
    swinging = [piece for piece in _pieces(labels, stats) if _swings(piece.ink)]
    waves = [piece for piece, near in zip(swinging, _in_company(swinging), strict=True) if near]
    if not waves:
        return None
    mask = np.zeros_like(ink)
    letters = cv2.dilate(upright, _EDGE) > 0
    for piece in waves:
        mask[piece.place][piece.ink] = 255
    for piece in _scraps(labels, stats, waves):
        if not (piece.ink & letters[piece.place]).any():
            mask[piece.place][piece.ink] = 255
    return cv2.dilate(mask, _EDGE)


def _pieces(labels: np.ndarray, stats: np.ndarray) -> list[_Piece]:
    """The long stretches of components over which each column holds one run of ink."""
    found = []
    for index in np.flatnonzero(stats[:, cv2.CC_STAT_WIDTH] >= SHORTEST).tolist():
        whole = _component(labels, stats, index)
        first, last = _ends(whole.ink)
        single = last - first + 1 == whole.ink.sum(axis=0)
        middle = (first + last) / 2
        single[1:] &= np.abs(np.diff(middle)) <= STEEPEST
        edges = np.flatnonzero(np.diff(np.concatenate(([0], single.view(np.int8), [0])))).reshape(-1, 2)
        for start, stop in edges[edges[:, 1] - edges[:, 0] >= SHORTEST].tolist():
            top, bottom = int(first[start:stop].min()), int(last[start:stop].max()) + 1
            found.append(_Piece(whole.left + start, whole.top + top, whole.ink[top:bottom, start:stop]))
    return found


def _component(labels: np.ndarray, stats: np.ndarray, index: int) -> _Piece:
    x, y, width, height, _ = stats[index].tolist()
    return _Piece(x, y, labels[y : y + height, x : x + width] == index)


def _ends(ink: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First and last row of ink (h, w) in each column."""
    return ink.argmax(axis=0), ink.shape[0] - 1 - ink[::-1].argmax(axis=0)


def _swings(ink: np.ndarray) -> bool:
    """Whether a line (h, w) goes up and down about a straight one."""
    columns, middle = np.arange(ink.shape[1]), np.mean(_ends(ink), axis=0)
    rest = middle - np.polyval(np.polyfit(columns, middle, 1), columns)
    rising = np.diff(np.convolve(rest, np.full(SMOOTHED, 1.0 / SMOOTHED), "valid")) > 0
    ways = [sum(1 for _ in run) for _, run in itertools.groupby(rising.tolist())]
    return float(rest.std()) >= SWING and sum(length >= SMOOTHED for length in ways) >= LEAST_WAYS


def _in_company(pieces: list[_Piece]) -> list[bool]:
    """Which pieces lie together with LEAST_PIECES - 1 others, above, below or beside each other."""
    if not pieces:
        return []
    left, top = np.array([(piece.left, piece.top) for piece in pieces]).T
    height, width = np.array([piece.ink.shape for piece in pieces]).T
    down = np.maximum(top[:, None], top) - np.minimum((top + height)[:, None], top + height)
    across = np.maximum(left[:, None], left) - np.minimum((left + width)[:, None], left + width)
    near = (down <= BESIDE * height[:, None]) & (across <= width[:, None] / 2)
    return (near.sum(axis=1) >= LEAST_PIECES).tolist()


def _scraps(labels: np.ndarray, stats: np.ndarray, waves: list[_Piece]) -> list[_Piece]:
    """Short components as low as the waves and amidst them: what shows of these between letters."""
    swing = float(np.median([len(wave.ink) for wave in waves]))
    rows, columns = zip(*(wave.place for wave in waves), strict=True)
    left, top, width, height = stats[:, :4].T
    inside = (left >= min(c.start for c in columns) - SCRAP) & (left + width <= max(c.stop for c in columns) + SCRAP)
    inside &= top >= min(r.start for r in rows) - BESIDE * swing
    inside &= top + height <= max(r.stop for r in rows) + BESIDE * swing
    flat = (width >= SCRAP) & (height <= swing) & (width >= FLAT * height)
    return [_component(labels, stats, index) for index in np.flatnonzero(inside & flat).tolist()]
