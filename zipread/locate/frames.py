"""Printed frames: thin straight lines and the cells between them.

Frames are found as lines rather than as ink, because they are often paler than any writing (orange, light gray), and
because a digit that touches or crosses its frame leaves the frame's lines where they were.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from zipread.locate.upright import Span

LINE_REACH = 3
"""Distance from a line's middle to the paper beside it, pixels: lines up to 5 pixels thick stand out."""
LINE_SMOOTHING = 5
"""Length over which a line is averaged along its own direction, pixels: lifts pale lines out of the noise."""
LINE_LENGTH = 11
"""Shortest straight line, pixels."""
LEAST_CONTRAST = 5.0
"""Least contrast of a line to both sides, gray levels."""
OVERSHOOT = LINE_SMOOTHING // 2
"""How far smoothing carries a line beyond its end, pixels."""
CROSSING = 9
"""Widest stroke that crosses a wall without parting it, pixels."""
BRIDGE = 5
"""Gaps bridged at corners and where a stroke crosses the frame, pixels."""
CELL_SIZE = (13, 160)
"""Least and greatest side of a cell, pixels."""
CELL_ASPECT = (0.35, 1.7)
"""Least and greatest width of a cell over its height."""
LEAST_EDGE = 0.6
"""Share of a cell's upper or lower edge that must be line."""
LEAST_WALL = 0.85
"""Share of a wall's length that must be dark where a cell was not found by itself."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Thin lines of a picture, (h, w) uint8 each, 255 where there is one, and the picture they were found in."""

    vertical: np.ndarray
    horizontal: np.ndarray
    gray: np.ndarray


def thin_lines(gray: np.ndarray) -> Lines:
    """Find straight vertical and horizontal lines darker than the paper on both sides, (h, w) uint8."""
    return Lines(_vertical_lines(gray), _horizontal_lines(gray), gray)


def _vertical_lines(gray: np.ndarray) -> np.ndarray:
    smooth = cv2.blur(gray, (1, LINE_SMOOTHING), borderType=cv2.BORDER_REPLICATE)
    # The lightest of three pixels on a side: the next box's wall may stand close.
    light = cv2.dilate(smooth, np.ones((1, 3), np.uint8))
    depth = np.zeros_like(smooth)
    beside = np.minimum(light[:, : -2 * LINE_REACH], light[:, 2 * LINE_REACH :])
    depth[:, LINE_REACH:-LINE_REACH] = cv2.subtract(beside, smooth[:, LINE_REACH:-LINE_REACH])
    return cv2.morphologyEx(_clear(depth), cv2.MORPH_OPEN, np.ones((LINE_LENGTH, 1), np.uint8))


def _horizontal_lines(gray: np.ndarray) -> np.ndarray:
    smooth = cv2.blur(gray, (LINE_SMOOTHING, 1), borderType=cv2.BORDER_REPLICATE)
    light = cv2.dilate(smooth, np.ones((3, 1), np.uint8))
    depth = np.zeros_like(smooth)
    beside = np.minimum(light[: -2 * LINE_REACH], light[2 * LINE_REACH :])
    depth[LINE_REACH:-LINE_REACH] = cv2.subtract(beside, smooth[LINE_REACH:-LINE_REACH])
    return cv2.morphologyEx(_clear(depth), cv2.MORPH_OPEN, np.ones((1, LINE_LENGTH), np.uint8))


def _clear(depth: np.ndarray) -> np.ndarray:
    """Where a line's depth in gray levels stands out of the paper's own roughness."""
    sample = depth[::5, ::3]
    noise = float(np.searchsorted(np.cumsum(np.bincount(sample.ravel(), minlength=256)), 0.8 * sample.size))
    return cv2.threshold(depth, max(LEAST_CONTRAST, 3.0 * noise), 255, cv2.THRESH_BINARY)[1]


def find_cells(lines: Lines) -> list[Span]:
    """Rectangles that may be cells: holes between the lines, and spaces between two equal walls."""
    return _holes(lines) + _between_walls(lines)


def _holes(lines: Lines) -> list[Span]:
    frame = cv2.bitwise_or(
        cv2.dilate(lines.vertical, np.ones((BRIDGE, 1), np.uint8)),
        cv2.dilate(lines.horizontal, np.ones((1, BRIDGE), np.uint8)),
    )
    contours, hierarchy = cv2.findContours(frame, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    cells = []
    for i, contour in enumerate(contours):
        if hierarchy[0, i, 3] < 0:  # not a hole
            continue
        x, y, w, h = cv2.boundingRect(contour)
        # A hole's contour runs on the frame's own pixels.
        cell = Span(float(x + 1), float(y + 1), float(x + w - 1), float(y + h - 1))
        if _is_cell(cell) and cv2.contourArea(contour) >= 0.6 * (w - 1) * (h - 1):
            cells.append(cell)
    return cells


def _is_cell(cell: Span) -> bool:
    small, large = min(cell.width, cell.height), max(cell.width, cell.height)
    if small < CELL_SIZE[0] or large > CELL_SIZE[1]:
        return False
    return CELL_ASPECT[0] <= cell.width / cell.height <= CELL_ASPECT[1]


def _between_walls(lines: Lines) -> list[Span]:
    """Spaces between walls of equal top and foot, with a line below or above: strokes inside do not matter."""
    walls = cv2.morphologyEx(lines.vertical, cv2.MORPH_CLOSE, np.ones((CROSSING, 1), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(walls, 8, cv2.CV_16U, cv2.CCL_SPAGHETTI)
    stats = stats[1:][(stats[1:, 3] >= CELL_SIZE[0]) & (stats[1:, 3] <= CELL_SIZE[1])]
    left, top, width, height = stats[np.argsort(stats[:, 1], kind="stable"), :4].T.astype(np.float64)
    right, foot = left + width, top + height
    slack = np.maximum(3.0, 0.1 * height)
    number = np.searchsorted(top, top + slack, side="right") - np.searchsorted(top, top - slack)
    first = np.repeat(np.arange(len(top)), number)
    within = np.arange(number.sum()) - np.repeat(np.cumsum(number) - number, number)
    second = np.repeat(np.searchsorted(top, top - slack), number) + within
    space = left[second] - right[first]
    equal = np.abs(foot[first] - foot[second]) <= slack[first]
    wide = (space >= CELL_ASPECT[0] * height[first]) & (space <= CELL_ASPECT[1] * height[first])
    good = equal & wide & (space >= CELL_SIZE[0])
    cells = []
    for i, j in zip(first[good], second[good], strict=True):
        upper = _edge(lines.horizontal, (top[i] + top[j]) / 2, right[i], left[j])
        lower = _edge(lines.horizontal, (foot[i] + foot[j]) / 2, right[i], left[j])
        if upper is None and lower is None:
            continue
        # Open on top, or a digit's own stroke hides the line: then the walls' ends stand for it.
        upper = (top[i] + top[j]) / 2 + OVERSHOOT if upper is None else upper
        lower = (foot[i] + foot[j]) / 2 - OVERSHOOT if lower is None else lower
        if lower - upper >= CELL_SIZE[0]:
            cells.append(Span(float(right[i]), float(upper), float(left[j]), float(lower)))
    return cells


def _edge(horizontal: np.ndarray, y: float, left: float, right: float) -> float | None:
    """Height of the horizontal line near `y` between two walls; None when there is too little of it."""
    reach = LINE_SMOOTHING
    start = max(0, round(y) - reach)
    strip = horizontal[start : round(y) + reach + 1, int(left) : int(right)]
    if len(strip) < 2 or not strip.size:
        return None
    rows = np.count_nonzero(strip[:-1] | strip[1:], axis=1)
    best = int(rows.argmax())
    return start + best + 1.0 if rows[best] >= LEAST_EDGE * strip.shape[1] else None


def support(cell: Span, lines: Lines) -> float:
    """Share of a rectangle's outline, corners included, that lies on a line: frames have corners, letters do not."""
    left, top, right, bottom = round(cell.left), round(cell.top), round(cell.right), round(cell.bottom)
    vertical = _cover(lines.vertical, left - 1, top, bottom) + _cover(lines.vertical, right, top, bottom)
    horizontal = _cover(lines.horizontal.T, top - 1, left, right) + _cover(lines.horizontal.T, bottom, left, right)
    return (vertical + horizontal) / 4.0


def has_walls(cell: Span, lines: Lines) -> bool:
    """Whether both sides of a rectangle are dark from top to foot: a wall, or a dark area that hides one."""
    left, top, right, bottom = round(cell.left), round(cell.top), round(cell.right), round(cell.bottom)
    inside = lines.gray[max(0, top) : bottom, max(0, left) : right]
    if not inside.size:
        return False
    paper = int(np.sort(inside, axis=None)[3 * inside.size // 4])
    dark = paper - 2 * LEAST_CONTRAST
    for at in (left - 1, right):
        strip = lines.gray[max(0, top) : bottom, max(0, at - 2) : at + 3]
        if not strip.size or np.count_nonzero(strip.min(axis=1) < dark) < LEAST_WALL * (bottom - top):
            return False
    return True


def _cover(line: np.ndarray, at: int, start: int, stop: int) -> float:
    """Share of the rows start .. stop covered by one straight line within 2 pixels of column `at`."""
    strip = line[max(0, start) : stop, max(0, at - 2) : at + 3]
    if strip.shape[1] < 2 or not strip.size:
        return 0.0
    # Two columns together, because a line may lean by a pixel.
    return float(np.count_nonzero(strip[:, :-1] | strip[:, 1:], axis=0).max()) / (stop - start)
