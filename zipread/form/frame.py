"""The printed frame of a free field: found near its place, and painted over as paper without eating strokes."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from zipread.clean import separate_ink
from zipread.records import Box

SIDE_BAND = 0.22
"""How far from its place a frame's line is looked for, shares of the field's shorter side."""
STEEPEST = 0.02
SLOPES = 17
"""Greatest slope of a frame's line in an upright field, pixels a pixel, and how many up to it are tried."""
LEAST_COVER = 0.6
"""Share of a side that its line must cover."""
LINE_FOOT = 0.35
"""Rows beside a line's darkest belong to it down to this share of its cover."""
THICKEST = 0.12
"""Thickest line, shares of the field's shorter side."""
LINE_SLACK = 2
"""How far a line may leave its straight middle, and how far its soft edges go, pixels."""
PAPER_REACH = 0.2
"""Paper is looked for this far around a line, shares of the picture's shorter side."""
LEAST_INSIDE = 0.35
"""Share of a stroke's ink that must lie inside the frame; the rest is print around the field."""
DUST = 0.04
"""Longest side of a piece of ink that is dust, field heights."""
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


def clear_frame(gray: np.ndarray, box: Box) -> tuple[np.ndarray, Box]:
    """Leave of a field nothing but what is written in it.

    Args:
        gray: (h, w) uint8, dark on light, the field, upright, with a margin around it.
        box: where the field is in it, about on its frame's lines where it has any.

    Returns:
        The picture with the frame's lines, print around the field and dust painted over with paper, and the part
        of it that the writing fills: the frame's inside, and as much of the margin as strokes leave it.
    """
    _, mask = separate_ink(gray)
    turned, turned_box = np.ascontiguousarray(mask.T), Box(box.y, box.x, box.height, box.width)
    upper, lower = _find_side(mask, box, box.y), _find_side(mask, box, box.bottom)
    left, right = _find_side(turned, turned_box, box.x), _find_side(turned, turned_box, box.right)
    level = _line_ink(mask, (upper, lower))
    upright = np.ascontiguousarray(_line_ink(turned, (left, right)).T)
    gray = _painted(gray, cv2.bitwise_or(level, upright), _without(mask, cv2.bitwise_or(level, upright)))
    inside = _between(mask.shape, upper, lower) & _between(turned.shape, left, right).T
    _, mask = separate_ink(gray)  # pale writing shows once the lines are gone
    written = _written(mask, inside, box.height)
    if not written.any():
        return np.full_like(gray, np.median(gray)), box
    ys, xs = np.nonzero(inside | (written > 0))
    extent = Box(int(xs.min()), int(ys.min()), int(np.ptp(xs)) + 1, int(np.ptp(ys)) + 1)
    return _painted(gray, _without(mask, written), written), extent


def _find_side(mask: np.ndarray, box: Box, edge: int) -> _Side:
    """The level line near row `edge` along a box of a mask (h, w) uint8; no line where none covers enough."""
    shorter = min(box.width, box.height)
    band = max(3, round(SIDE_BAND * shorter))
    top, bottom = max(0, edge - band), min(mask.shape[0], edge + band + 1)
    left, right = max(0, box.x), min(mask.shape[1], box.right)
    rows, columns = np.nonzero(mask[top:bottom, left:right])
    if not len(rows):
        return _Side(float(edge))
    away = columns - (right - left - 1) / 2
    best: tuple[float, float, np.ndarray] | None = None
    for slope in np.linspace(-STEEPEST, STEEPEST, SLOPES):
        level = np.floor(rows - slope * away + 0.5).astype(np.int64)
        kept = (level >= 0) & (level < bottom - top)
        cover = np.bincount(level[kept], minlength=bottom - top) / (right - left)
        if best is None or cover.max() > best[0] + 1e-9 or (cover.max() >= best[0] and abs(slope) < abs(best[1])):
            best = (float(cover.max()), float(slope), cover)
    assert best is not None
    peak, slope, cover = best
    if peak < LEAST_COVER:
        return _Side(float(edge))
    first = last = int(cover.argmax())
    while first > 0 and cover[first - 1] >= LINE_FOOT * peak:
        first -= 1
    while last + 1 < len(cover) and cover[last + 1] >= LINE_FOOT * peak:
        last += 1
    thickness = last - first + 1
    if thickness > max(4.0, THICKEST * shorter):
        return _Side(float(edge))
    # The line's middle is where its own columns' middle has it, not the picture's.
    shift = (left + right - 1) / 2 - (mask.shape[1] - 1) / 2
    return _Side(top + (first + last) / 2 - slope * shift, slope, thickness)


def _line_ink(mask: np.ndarray, sides: tuple[_Side, ...]) -> np.ndarray:
    """The ink of level lines, (h, w) uint8, without what strokes that cross them leave in them."""
    rows = np.arange(mask.shape[0])[:, None]
    lines = np.zeros_like(mask)
    for side in sides:
        if not side.thickness:
            continue
        near = np.abs(rows - side.rows(mask.shape[1])[None]) <= side.thickness / 2 + 1.0
        zone = np.where(near, mask, 0).astype(np.uint8)
        rest = _without(mask, zone)
        kernel = np.ones((side.thickness + 2 * LINE_SLACK + 2, 3), np.uint8)
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
    kept = (within >= LEAST_INSIDE) & (sides >= DUST * height)
    kept[0] = False
    if not kept.any() or sides[kept].max() < LEAST_WRITTEN * height:
        return np.zeros_like(mask)
    return np.where(kept[labels], 255, 0).astype(np.uint8)


def _painted(gray: np.ndarray, unwanted: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """A picture with unwanted ink (h, w) uint8 and its soft edges painted over with the paper around."""
    if not unwanted.any():
        return gray
    reach = max(5, round(PAPER_REACH * min(gray.shape))) | 1
    paper = cv2.blur(cv2.dilate(gray, np.ones((reach, reach), np.uint8)), (reach, reach))
    hidden = _without(cv2.dilate(unwanted, np.ones((5, 5), np.uint8)), cv2.dilate(wanted, np.ones((3, 3), np.uint8)))
    return np.where(cv2.bitwise_or(hidden, unwanted) > 0, paper, gray)


def _without(mask: np.ndarray, other: np.ndarray) -> np.ndarray:
    """What is in one mask (h, w) uint8 and not in the other."""
    return cv2.bitwise_and(mask, cv2.bitwise_not(other))
