"""The printed frame of a free field: found near its place, and painted over as paper without eating strokes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from zipread.clean import separate_ink
from zipread.locate.straight import thin_lines
from zipread.records import Box

SIDE_BAND = 0.22
"""How far from its place a frame's line is looked for, shares of the field's shorter side."""
CELL_BAND = 0.12
"""The same where there is a box for each digit: a one may be written along a wall."""
STEEPEST = 0.02
SLOPES = 17
"""Greatest slope of a frame's line in an upright field, pixels a pixel, and how many up to it are tried."""
LEAST_COVER = 0.6
"""Share of a side that its line must cover."""
LINE_FOOT = 0.35
"""Rows beside a line's darkest belong to it down to this share of its cover."""
THICKEST = 0.12
"""Thickest line, shares of its length."""
LINE_SLACK = 1.5
"""How far a line may leave its straight middle, and how far its soft edges go, pixels."""
PAPER_REACH = 0.2
"""Paper is looked for this far around a line, shares of the picture's shorter side."""
LEAST_INSIDE = 0.35
"""Share of a stroke's ink that must lie inside the frame; the rest is print around the field."""
LEAST_WRITTEN = 0.15
"""Longest side of the largest piece of ink, in field heights, below which nothing is written: dots, dust."""


@dataclass(frozen=True, slots=True)
class _Side:
    """A level side of a frame: the middle of its line is at row `row + slope * (column - middle column)`."""

    row: float
    slope: float = 0.0
    thickness: int = 0  # pixels; 0: there is no line

    def rows(self, width: int) -> np.ndarray:
        """Middle of the line in each column, (width,)."""
        return self.row + self.slope * (np.arange(width) - (width - 1) / 2)


def clear_frame(gray: np.ndarray, box: Box, cells: tuple[Box, ...] = ()) -> tuple[np.ndarray, Box]:
    """Leave of a field nothing but what is written in it.

    Args:
        gray: (h, w) uint8, dark on light, the field, upright, with a margin around it.
        box: where the field is in it, about on its frame's lines where it has any.
        cells: the printed boxes in it, left to right; none where it is one space.

    Returns:
        The picture with the frame's lines, print around the field and dust painted over with paper, and the part
        of it that the writing fills: the frame's inside, and as much of the margin as strokes leave it.
    """
    _, mask = separate_ink(gray)
    lines = thin_lines(gray)  # frames are often paler than writing; the mask knows the thick ones
    level_lines = cv2.bitwise_or(mask, lines.horizontal)
    upright_lines = np.ascontiguousarray(cv2.bitwise_or(mask, lines.vertical).T)
    boxes = cells or (box,)
    band = CELL_BAND if cells else SIDE_BAND
    across = tuple((one.x, one.right) for one in boxes)
    reach = max(3, round(band * min(boxes[0].width, boxes[0].height)))
    upper, lower = (_find_side(level_lines, across, edge, reach) for edge in (box.y, box.bottom))
    edges = [((one.y, one.bottom), edge) for one in boxes for edge in (one.x, one.right)]
    walls = [_find_side(upright_lines, (span,), edge, reach) for span, edge in edges]
    level = _lines_alone(mask, [upper, lower])
    upright = np.ascontiguousarray(_lines_alone(np.ascontiguousarray(mask.T), walls).T)
    gray = np.where(cv2.bitwise_or(level, upright) > 0, _paper(gray), gray)
    inside = _between(mask.shape, upper, lower) & _between(upright_lines.shape, walls[0], walls[-1]).T
    _, mask = separate_ink(gray)  # pale writing shows once the lines are gone
    written = _written(mask, inside, box.height)
    if not written.any():
        return np.full_like(gray, np.median(gray)), box
    ys, xs = np.nonzero(inside | (written > 0))
    extent = Box(int(xs.min()), int(ys.min()), int(np.ptp(xs)) + 1, int(np.ptp(ys)) + 1)
    around = cv2.dilate(_without(mask, written), np.ones((5, 5), np.uint8))  # with its soft edges
    hidden = _without(around, cv2.dilate(written, np.ones((3, 3), np.uint8)))
    return np.where(hidden > 0, _paper(gray), gray), extent


def _find_side(mask: np.ndarray, spans: tuple[tuple[int, int], ...], edge: int, reach: int) -> _Side:
    """The level line within `reach` of row `edge` of a mask (h, w) uint8; none where no line covers enough.

    spans: first column and one past the last, of each part of the side.
    """
    top, bottom = max(0, edge - reach), min(mask.shape[0], edge + reach + 1)
    parts = [(max(0, start), min(mask.shape[1], stop)) for start, stop in spans]
    length = sum(max(0, stop - start) for start, stop in parts)
    wanted = np.zeros(mask.shape[1], bool)
    for start, stop in parts:
        wanted[start:stop] = True
    rows, columns = np.nonzero(mask[top:bottom] * wanted)
    if not len(rows):
        return _Side(float(edge))
    away = columns - (mask.shape[1] - 1) / 2
    middle = float(np.mean(np.flatnonzero(wanted))) - (mask.shape[1] - 1) / 2
    best = (0.0, 0.0, np.zeros(bottom - top))
    for slope in sorted(np.linspace(-STEEPEST, STEEPEST, SLOPES), key=abs):
        # Turned about the middle of the side, so that a slope alone moves no line out of reach.
        level = np.floor(rows - slope * (away - middle) + 0.5).astype(np.int64)
        kept = (level >= 0) & (level < bottom - top)
        cover = np.bincount(level[kept], minlength=bottom - top) / length
        if cover.max() > best[0] + 1e-9:
            best = (float(cover.max()), float(slope), cover)
    peak, slope, cover = best
    if peak < LEAST_COVER:
        return _Side(float(edge))
    first = last = int(cover.argmax())
    while first > 0 and cover[first - 1] >= LINE_FOOT * peak:
        first -= 1
    while last + 1 < len(cover) and cover[last + 1] >= LINE_FOOT * peak:
        last += 1
    thickness = last - first + 1
    if thickness > max(4.0, THICKEST * length):
        return _Side(float(edge))
    return _Side(top + (first + last) / 2 - slope * middle, slope, thickness)


def _lines_alone(mask: np.ndarray, sides: list[_Side]) -> np.ndarray:
    """Where level lines are, (h, w) uint8, but for the strokes that cross them; mask: (h, w) uint8, all ink."""
    rows = np.arange(mask.shape[0])[:, None]
    lines = np.zeros_like(mask)
    for side in sides:
        if not side.thickness:
            continue
        near = np.abs(rows - side.rows(mask.shape[1])[None]) <= side.thickness / 2 + LINE_SLACK
        zone = np.where(near, 255, 0).astype(np.uint8)
        rest = _without(mask, zone)
        kernel = np.ones((side.thickness + 2 * math.ceil(LINE_SLACK) + 1, 3), np.uint8)
        above, below = cv2.dilate(rest, kernel, anchor=(1, len(kernel) - 1)), cv2.dilate(rest, kernel, anchor=(1, 0))
        lines = cv2.bitwise_or(lines, _without(zone, cv2.bitwise_and(above, below)))
    return lines


def _between(shape: tuple[int, ...], upper: _Side, lower: _Side) -> np.ndarray:
    """Which pixels (h, w) bool lie between two level sides."""
    rows = np.arange(shape[0])[:, None]
    top = upper.rows(shape[1]) + upper.thickness / 2
    bottom = lower.rows(shape[1]) - lower.thickness / 2
    return (rows > top[None]) & (rows < bottom[None])


def _written(mask: np.ndarray, inside: np.ndarray, height: int) -> np.ndarray:
    """The ink (h, w) uint8 of strokes that lie in the field, as far as they go; none where there is only dust."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    within = np.bincount(labels[inside], minlength=len(stats)) / stats[:, cv2.CC_STAT_AREA]
    sides = stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1)
    kept = within >= LEAST_INSIDE
    kept[0] = False
    if not kept.any() or sides[kept].max() < LEAST_WRITTEN * height:
        return np.zeros_like(mask)
    return np.where(kept[labels], 255, 0).astype(np.uint8)


def _paper(gray: np.ndarray) -> np.ndarray:
    """The paper that lines and strokes hide, (h, w) uint8."""
    reach = max(5, round(PAPER_REACH * min(gray.shape))) | 1
    return cv2.blur(cv2.dilate(gray, np.ones((reach, reach), np.uint8)), (reach, reach)).astype(np.uint8)


def _without(mask: np.ndarray, other: np.ndarray) -> np.ndarray:
    """What is in one mask (h, w) uint8 and not in the other."""
    return cv2.bitwise_and(mask, cv2.bitwise_not(other))
