"""The wavy lines of a cancelling machine, taken off a page.

Letters are not thin for long: where ink is only as thick as a pen over many columns, and swings up and down, it is a
piece of a wave.
"""

from __future__ import annotations

import dataclasses
import itertools

import cv2
import numpy as np

from zipread.clean.page import ink_of_part
from zipread.records import CleanPage, Field, Page

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

LEAST_PERIOD = 20
"""Shortest period of a wave, working pixels."""

PERIODS = 1.3
"""Length from which a piece tells the period of its wave, in periods."""

OFF_PERIOD = 0.8
"""Most standard deviation between a wave and itself one period on, working pixels."""

OWN_DARKNESS = 0.9
"""Share of a wave's pixels, palest first: what is darker than these is a stroke across it."""

PAPER_REACH = 15
"""Paper is seen within so many working pixels of every stroke."""

AROUND = 3.0
"""How far around a place its waves are looked for, heights of the place."""


def without_waves(page: Page, clean: CleanPage) -> tuple[Page, CleanPage] | None:
    """The page, as scanned and made ready, without wavy lines that run about along its text; None where there are none.

    A wave is followed under the text as it repeats itself beside it. Strokes that cross it, and what is darker, stay.
    """
    turn = cv2.transpose if clean.is_on_its_side else np.asarray
    pieces = _pieces_of_waves(turn(clean.ink))
    if not pieces:
        return None
    paper = cv2.morphologyEx(clean.gray, cv2.MORPH_CLOSE, np.ones((PAPER_REACH, PAPER_REACH), np.uint8))
    waves = turn(_covered(turn(clean.ink), turn(cv2.subtract(paper, clean.gray)), pieces))
    ink = cv2.bitwise_and(clean.ink, cv2.bitwise_not(waves))
    return dataclasses.replace(page, gray=_painted(page.gray, paper, waves)), dataclasses.replace(clean, ink=ink)


def without_waves_at(page: Page, place: Field) -> Page | None:
    """The page as scanned, without the wavy lines around a place; None where there are none.

    Args:
        page: the page.
        place: looked at as it lies, however the page does.
    """
    reach = place.size[0] / 2 + AROUND * place.size[1]
    (left, right), (top, bottom) = (
        (max(0, round(at - reach)), min(limit, round(at + reach)))
        for at, limit in zip(place.center, page.gray.shape[::-1], strict=True)
    )
    around = slice(top, bottom), slice(left, right)
    part = Page(page.gray[around])
    lifted = without_waves(part, ink_of_part(part, max(page.gray.shape), place.angle))
    if lifted is None:
        return None
    gray = page.gray.copy()
    gray[around] = lifted[0].gray
    return dataclasses.replace(page, gray=gray)


def _painted(gray: np.ndarray, paper: np.ndarray, waves: np.ndarray) -> np.ndarray:
    """The page (H, W) uint8 with its paper where there are waves; both are (h, w) uint8 at working scale."""
    size = (gray.shape[1], gray.shape[0])
    covered = cv2.resize(waves, size, interpolation=cv2.INTER_LINEAR) > 127
    return np.where(covered, cv2.resize(paper, size, interpolation=cv2.INTER_LINEAR), gray)


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


def _pieces_of_waves(ink: np.ndarray) -> list[_Piece]:
    """What shows of waves beside other ink, (h, w) uint8."""
    upright = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((THICKEST + 1, 1), np.uint8))
    left = cv2.subtract(ink, upright)
    # Where there is this little ink, this algorithm takes half the time of the default.
    _, labels, stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(left, 8, cv2.CV_32S, cv2.CCL_GRANA)
    stats[0] = 0  # the paper
    swinging = [piece for piece in _pieces(labels, stats) if _swings(piece.ink)]
    return [piece for piece, near in zip(swinging, _in_company(swinging), strict=True) if near]


def _covered(ink: np.ndarray, darkness: np.ndarray, pieces: list[_Piece]) -> np.ndarray:
    """What waves alone cover, (h, w) uint8: their pieces, and what these become where they go on."""
    mask = np.zeros_like(ink)
    for piece in pieces:
        mask[piece.place][piece.ink] = 255
    mask = cv2.dilate(mask, np.ones((3, 3), np.uint8))
    start, stop = min(piece.left for piece in pieces), max(piece.place[1].stop for piece in pieces)
    for piece in pieces:
        _draw_on(mask, piece, start, stop)
    own = np.concatenate([darkness[piece.place][piece.ink] for piece in pieces])
    mask[darkness > np.quantile(own, OWN_DARKNESS)] = 0
    return cv2.subtract(mask, _crossed(ink, mask))


def _crossed(ink: np.ndarray, waves: np.ndarray) -> np.ndarray:
    """Where strokes of ink (h, w) uint8 go on above and below a wave: they cross it there."""
    rest = cv2.subtract(ink, waves)
    reach = np.ones((THICKEST, 1), np.uint8)
    above, below = cv2.dilate(rest, reach, anchor=(0, THICKEST - 1)), cv2.dilate(rest, reach, anchor=(0, 0))
    return cv2.bitwise_and(cv2.bitwise_and(above, below), waves)


def _draw_on(canvas: np.ndarray, piece: _Piece, start: int, stop: int) -> None:
    """Draw a wave from column `start` to `stop`, as its piece goes on if it repeats itself; (h, w) uint8, in place."""
    first, last = _ends(piece.ink)
    middle = piece.top + (first + last) / 2
    repeats = _period(middle)
    if repeats is None:
        return
    period, drift = repeats
    at = np.arange(start, stop) - piece.left
    # Columns before the piece show its first period, those after it its last.
    turns = np.where(at < 0, at // period, np.where(at >= len(middle), (at - len(middle)) // period + 1, 0))
    line = middle[at - turns * period] + turns * drift
    points = np.stack([np.arange(start, stop), np.round(line)], axis=1).astype(np.int32)
    cv2.polylines(canvas, [points], False, 255, round(float(np.median(last - first + 1))) + 2)


def _period(line: np.ndarray) -> tuple[int, float] | None:
    """The period of a line (n,) in columns, and what it rises in one; None where it does not repeat itself."""
    best, found = OFF_PERIOD, None
    for period in range(LEAST_PERIOD, int(len(line) / PERIODS) + 1):
        off = line[period:] - line[:-period]
        spread = float(off.std())
        if spread < best:
            best, found = spread, (period, float(off.mean()))
    return found


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
