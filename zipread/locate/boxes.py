"""Rows of printed boxes: one cell for each digit of a code, of equal size and at a regular pitch."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np

from zipread.locate.combs import LEAST_EQUAL, SAME_SIZE, Row, find_combs
from zipread.locate.frames import (
    CELL_SIZE,
    LEAST_SUPPORT,
    find_cells,
    has_walls,
    reach_out,
    sides,
    stand_apart,
    support,
)
from zipread.locate.straight import Lines, base_lines, thin_lines
from zipread.locate.upright import (
    LEVEL_ENOUGH,
    Span,
    Upright,
    cells_in_field,
    span_to_field,
    turn_picture,
    turn_upright,
)
from zipread.records import CleanPage, Field

SEARCH_SIDE = 1100
"""Longest side of the largest picture searched at first sight, pixels: frames are long, they survive shrinking."""
LEAST_SIDE = 150
"""Longest side of the smallest picture searched, pixels: thick lines and large cells are found on small ones."""
LEAST_PAGE_SIDE = 350
"""The same where a page holds more than the row: cells are at most a tenth of it, then."""
FIELD_SIDE = 700
"""Longest side of a picture of one field, pixels: the frames themselves show its skew."""
LEAST_LINES = 2
"""Level lines from which a skew is taken."""
SAME_SLOPE = 0.025
"""Difference of slope between lines of one row, pixels a pixel."""
LEAST_TILT = 1.0
"""Skew for which a picture of one field is turned, degrees."""
LEAST_CLEARNESS = 0.78
"""Mean share of the cells' outlines in a row that must be line."""
OPEN = 0.9
"""Clearness of boxes that are open on top and have all their other lines."""
LEAST_FOUND = 0.4
"""Share of a row's cells that must be found by themselves; the others follow from the pitch."""
GREATEST_PITCH = 1.9
"""Widest distance between neighbouring cells, cell widths."""
GREATEST_GAP = 1.2
"""Widest space between the two parts of a row that is printed in two, cell widths."""
CLEAR_CELL = 0.7
"""Support of the cells, of which at most one may be missing in a row of two parts."""
SAME_PITCH = 0.06
"""Difference of pitch between the two parts, cell widths."""
MARGIN = 0.25
"""Paper kept around a row for digits that leave their box, cell heights."""


def find_rows(
    clean: CleanPage, upright: Upright, digits: int, largest: int = SEARCH_SIDE, smallest: int = LEAST_SIDE
) -> list[Field]:
    """Find rows of exactly `digits` printed cells, the clearest first; the prior is the clearness of the frame.

    `largest` and `smallest` are the longest sides of the pictures searched, pixels, each next one half the size: larger
    ones show finer frames and cost more, smaller ones show larger cells.
    """
    gray, factor = _level_gray(clean, upright, largest)
    if not _is_large_enough(gray, LEAST_SIDE):
        return []
    lines = thin_lines(gray)
    tilt = _tilt(lines) if max(clean.ink.shape) < FIELD_SIDE else 0.0
    if tilt:
        upright = turn_upright(replace(clean, angle=upright.angle + tilt))
        gray, factor = _level_gray(clean, upright, largest)
        lines = thin_lines(gray)
    rows: list[Row] = []
    while True:
        for row in find_combs(lines, digits) + _rows(lines, digits):
            scaled = row.scaled(factor)
            if not any(_overlapping(scaled.cells, other.cells) for other in rows):
                rows.append(scaled)
        gray = _halved(gray)
        if not _is_large_enough(gray, smallest):
            return [_row_field(upright, row) for row in sorted(rows, key=lambda row: -row.clearness)]
        lines = thin_lines(gray)
        factor *= 2.0


def shows_row(gray: np.ndarray, digits: int) -> bool:
    """Whether a level picture (h, w) uint8 shows a row of exactly `digits` printed cells."""
    lines = thin_lines(gray)
    return bool(find_combs(lines, digits) or _rows(lines, digits))


def _is_large_enough(gray: np.ndarray, side: int) -> bool:
    """Whether a picture (h, w) is searched, and can hold a cell."""
    return max(gray.shape) >= side and min(gray.shape) >= 2 * CELL_SIZE[0]


def _tilt(lines: Lines) -> float:
    """Slope of the level lines of frames, degrees: a picture of boxes shows no text whose skew could be known."""
    bases = base_lines(lines, 1.5 * CELL_SIZE[0], math.inf)
    length = bases[:, 2] - bases[:, 0]
    if len(bases) < LEAST_LINES or length.sum() < lines.gray.shape[1] / 2:
        return 0.0
    slope = (bases[:, 3] - bases[:, 1]) / length
    order = np.argsort(slope)
    middle = float(slope[order][np.searchsorted(np.cumsum(length[order]), length.sum() / 2)])
    agreeing = length[np.abs(slope - middle) < SAME_SLOPE].sum() / length.sum()
    tilt = math.degrees(math.atan(middle))
    return tilt if agreeing >= LEAST_EQUAL and abs(tilt) >= LEAST_TILT else 0.0


def _level_gray(clean: CleanPage, upright: Upright, side: int) -> tuple[np.ndarray, float]:
    """The page's gray, level and small enough to search, and working pixels per pixel of it."""
    gray = clean.gray
    while max(gray.shape) > side:
        gray = _halved(gray)
    if max(gray.shape) < 0.6 * SEARCH_SIDE:
        gray = cv2.resize(gray, None, fx=2.0, fy=2.0, interpolation=cv2.INTER_LINEAR)
    factor = clean.gray.shape[1] / gray.shape[1]
    if abs(upright.angle) >= LEVEL_ENOUGH:
        gray = turn_picture(gray, upright.angle, 255, cv2.INTER_LINEAR)
    return gray, factor


def _halved(gray: np.ndarray) -> np.ndarray:
    size = (max(1, gray.shape[1] // 2), max(1, gray.shape[0] // 2))
    return cv2.resize(gray, size, interpolation=cv2.INTER_LINEAR)


def _rows(lines: Lines, digits: int) -> list[Row]:
    """Rows of exactly `digits` cells with the mean support of their outlines, the clearest first."""
    needed = max(1, math.ceil(LEAST_FOUND * digits))
    cells = find_cells(lines, needed)
    size = np.stack([cells[:, 2] - cells[:, 0], cells[:, 3] - cells[:, 1]], axis=1)
    rows: list[Row] = []
    tried = np.zeros(len(cells), bool)
    for i in range(len(cells)):
        if tried[i]:
            continue
        slack = SAME_SIZE * size[i] + 1
        alike = (np.abs(size - size[i]) <= slack).all(axis=1)
        alike &= (np.abs(cells[:, [1, 3]] - cells[i, [1, 3]]) <= slack[1]).all(axis=1)
        tried |= alike
        if np.count_nonzero(alike) < needed:
            continue
        found = _Series.of(cells[alike], lines)
        for row in found.rows(digits) or found.rows_in_two_parts(digits):
            clearness = _clearness(row, lines)
            spans = [Span(*corners) for corners in reach_out(row, lines).tolist()]
            if clearness >= LEAST_CLEARNESS and not any(_overlapping(spans, other.cells) for other in rows):
                rows.append(Row(clearness, spans))
    return sorted(rows, key=lambda row: -row.clearness)


def _clearness(row: np.ndarray, lines: Lines) -> float:
    """Mean share of the outlines of a row's cells (n, 4) that is line.

    Boxes may be open on top where each has a foot of its own; walls on one base line are a comb, or ones underlined.
    """
    left, right, upper, lower = sides(row, lines).mean(axis=0).tolist()
    closed = (left + right + upper + lower) / 4
    return max(closed, OPEN * (left + right + lower) / 3) if stand_apart(row, lines) else closed


def _continues(left: np.ndarray, right: np.ndarray) -> bool:
    """Whether a row of cells (n, 4) goes on with another one after a space."""
    width = float(np.median(left[:, 2] - left[:, 0]))
    pitches = [(row[-1, 0] - row[0, 0]) / (len(row) - 1) for row in (left, right)]
    space = float(right[0, 0] - left[-1, 2])
    between = pitches[0] - width  # white, or a common wall
    return between < space <= between + GREATEST_GAP * width and abs(pitches[0] - pitches[1]) <= SAME_PITCH * width + 1


def _pitches(middle: np.ndarray, start: int, width: float, digits: int) -> list[float]:
    """Pitches at which enough cells were found left and right of cell `start`, the most cells first."""
    steps = np.abs(middle - middle[start])
    steps = steps[steps <= 3 * GREATEST_PITCH * width]
    candidates = np.unique(np.round(np.concatenate([steps, steps / 2, steps / 3])))
    candidates = candidates[(candidates >= width) & (candidates <= GREATEST_PITCH * width)]
    if not len(candidates):
        return []
    at = (middle[None] - middle[start]) / candidates[:, None]
    slot = np.round(at)
    near = (np.abs(at - slot) <= 0.12) & (np.abs(slot) < digits)
    hits = np.zeros((len(candidates), 2 * digits), bool)
    pitch, cell = np.nonzero(near)
    hits[pitch, slot[pitch, cell].astype(np.int64) + digits] = True
    number = hits.sum(axis=1)
    enough = np.argsort(-number, kind="stable")
    return [float(candidates[k]) for k in enough if number[k] >= max(2.0, LEAST_FOUND * digits)]


@dataclass(frozen=True, slots=True)
class _Series:
    """Alike cells, left to right, from which rows are put together."""

    cells: np.ndarray  # (n, 4)
    middle: np.ndarray  # (n,)
    clear: np.ndarray  # (n,) support of each
    width: float  # their median
    lines: Lines

    @classmethod
    def of(cls, cells: np.ndarray, lines: Lines) -> _Series:
        """Alike cells (n, 4) in any order."""
        cells = cells[np.argsort(cells[:, 0] + cells[:, 2], kind="stable")]
        width = float(np.median(cells[:, 2] - cells[:, 0]))
        return cls(cells, (cells[:, 0] + cells[:, 2]) / 2, support(cells, lines), width, lines)

    def rows(self, digits: int) -> list[np.ndarray]:
        """Runs (digits, 4) of supported cells at a regular pitch."""
        if digits == 1:
            return [cell[None] for cell in self.cells]
        found: list[np.ndarray] = []
        used = np.zeros(len(self.cells), bool)
        for i in np.argsort(-self.clear, kind="stable").tolist():
            if used[i]:
                continue
            best = self.cells[:0]
            for pitch in _pitches(self.middle, i, self.width, digits):
                run = self._run(i, pitch, digits)
                best = run if len(run) > len(best) else best
                if len(best) == digits:
                    found.append(best)
                    break
            if len(best):
                used |= (self.middle >= best[0, 0]) & (self.middle <= best[-1, 2])
        return found

    def rows_in_two_parts(self, digits: int) -> list[np.ndarray]:
        """Rows (digits, 4) printed as two rows of one pitch with a space between, as for 3 + 4 or 5 + 3 digits."""
        if np.count_nonzero(self.clear >= CLEAR_CELL) < digits - 1:
            return []
        rows = {number: self.rows(number) for number in range(2, digits - 1)}
        return [
            np.concatenate((left, right))
            for first in rows
            for left in rows[first]
            for right in rows[digits - first]
            if _continues(left, right)
        ]

    def _run(self, start: int, pitch: float, digits: int) -> np.ndarray:
        """The run of cells (m, 4) through cell `start` at a pitch: found ones, and others where lines support them.

        Empty when too few were found. At most digits + 1 cells: a longer run is no row of `digits`.
        """
        run = {0: self.cells[start]}
        own = 1
        for direction in (1, -1):
            last, at = self.cells[start], 0
            while len(run) <= digits:
                at += direction
                wanted = last + direction * pitch * np.array([1.0, 0.0, 1.0, 0.0])
                found = self._clearest_at(wanted, pitch)
                own += found is not None
                last = wanted if found is None else found
                if found is None and not self._is_supported(wanted):
                    break
                run[at] = last
        if own < LEAST_FOUND * digits:
            return self.cells[:0]
        return np.stack([run[at] for at in sorted(run)])

    def _clearest_at(self, wanted: np.ndarray, pitch: float) -> np.ndarray | None:
        away = np.abs(self.cells[:, [0, 2]] - wanted[[0, 2]]).mean(axis=1) / pitch
        near = np.flatnonzero(away <= 0.12 + 1.0 / pitch)
        return self.cells[near[np.argmax(self.clear[near] - away[near])]] if len(near) else None

    def _is_supported(self, cell: np.ndarray) -> bool:
        return has_walls(Span(*cell.tolist()), self.lines) and bool(support(cell[None], self.lines)[0] >= LEAST_SUPPORT)


def _overlapping(row: list[Span], other: list[Span]) -> bool:
    """Whether two rows share more than a little ground."""
    width = min(row[-1].right, other[-1].right) - max(row[0].left, other[0].left)
    height = min(row[0].bottom, other[0].bottom) - max(row[0].top, other[0].top)
    return width > 0.3 * row[0].width and height > 0.3 * min(row[0].height, other[0].height)


def _row_field(upright: Upright, row: Row) -> Field:
    cells = row.cells
    height = float(np.median([cell.height for cell in cells]))
    across = MARGIN * height
    span = Span(
        min(cell.left for cell in cells),
        min(cell.top for cell in cells),
        max(cell.right for cell in cells),
        max(cell.bottom for cell in cells),
    ).grown(across, across, across, across)
    field = span_to_field(upright, span, "boxes", row.clearness, row.tilt)
    boxes = cells_in_field(upright, span, cells)
    return Field(field.center, field.size, field.angle, "boxes", prior=row.clearness, cells=boxes)
