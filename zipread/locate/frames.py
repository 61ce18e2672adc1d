"""Printed frames: the cells between thin straight lines."""

from __future__ import annotations

import cv2
import numpy as np

from zipread.locate.straight import BRIDGE, LEAST_CONTRAST, LINE_SMOOTHING, Lines, sum_columns, sum_rows
from zipread.locate.upright import Span

OVERSHOOT = LINE_SMOOTHING // 2
"""How far smoothing carries a line beyond its end, pixels."""
CROSSING = 9
"""Widest stroke that crosses a wall without parting it, pixels."""
CELL_SIZE = (13, 160)
"""Least and greatest side of a cell, pixels."""
CELL_ASPECT = (0.35, 1.7)
"""Least and greatest width of a cell over its height."""
LEAST_EDGE = 0.6
"""Share of a cell's upper or lower edge that must be line."""
LEAST_SUPPORT = 0.55
"""Share of a cell's outline that must be line, however much a digit hides of it."""
SAME_CELL = 3.0
"""Rectangles whose sides are this close are one, pixels."""
MAX_REACH = 0.45
"""How far beyond a cell found its true frame is looked for, cell heights."""
LEAST_WALL = 0.85
"""Share of a wall's length that must be dark where a cell was not found by itself."""


def find_cells(lines: Lines, least: int) -> np.ndarray:
    """Rectangles (n, 4) left, top, right, bottom that may be cells: outlined well, and `least` alike near each other.

    They are the holes between lines, and the spaces between equal walls.
    """
    cells = np.concatenate([_holes(lines), _between_walls(lines, least)])
    width, height = cells[:, 2] - cells[:, 0], cells[:, 3] - cells[:, 1]
    small, large = np.minimum(width, height), np.maximum(width, height)
    good = (small >= CELL_SIZE[0]) & (large <= CELL_SIZE[1])
    good &= (width >= CELL_ASPECT[0] * height) & (width <= CELL_ASPECT[1] * height)
    cells = cells[good]
    cells = cells[support(cells, lines) >= LEAST_SUPPORT]
    _, first = np.unique(np.round(cells / SAME_CELL), axis=0, return_index=True)
    cells = cells[np.sort(first)]
    return cells[_in_company(cells, least)]


def _holes(lines: Lines) -> np.ndarray:
    frame = cv2.bitwise_or(
        cv2.dilate(lines.vertical, np.ones((BRIDGE, 1), np.uint8)),
        cv2.dilate(lines.horizontal, np.ones((1, BRIDGE), np.uint8)),
    )
    contours, hierarchy = cv2.findContours(frame, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    cells = []
    for i, contour in enumerate(contours):
        if hierarchy[0, i, 3] < 0:  # only a hole has a parent
            continue
        x, y, w, h = cv2.boundingRect(contour)
        if min(w, h) > CELL_SIZE[0] and cv2.contourArea(contour) >= 0.6 * (w - 1) * (h - 1):
            # A hole's contour runs on the frame's own pixels.
            cells.append((x + 1, y + 1, x + w - 1, y + h - 1))
    return np.array(cells, np.float64).reshape(-1, 4)


def _between_walls(lines: Lines, least: int) -> np.ndarray:
    """Spaces between walls of equal top and foot, with a line below or above: strokes inside do not matter."""
    walls = cv2.morphologyEx(lines.vertical, cv2.MORPH_CLOSE, np.ones((CROSSING, 1), np.uint8))
    # Lines are few: their outlines cost a tenth of labels for all pixels.
    outlines, _ = cv2.findContours(walls, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    boxes = np.array([cv2.boundingRect(outline) for outline in outlines], np.float64).reshape(-1, 4)
    boxes = boxes[(boxes[:, 3] >= CELL_SIZE[0]) & (boxes[:, 3] <= CELL_SIZE[1])]
    left, top, width, height = boxes[np.lexsort((boxes[:, 0], boxes[:, 1]))].T
    right, foot = left + width, top + height
    slack = np.maximum(3.0, 0.1 * height)
    start = np.searchsorted(top, top - slack)
    number = np.searchsorted(top, top + slack, side="right") - start
    first = np.repeat(np.arange(len(top)), number)
    within = np.arange(number.sum()) - np.repeat(np.cumsum(number) - number, number)
    second = np.repeat(start, number) + within
    space = left[second] - right[first]
    equal = (np.abs(foot[first] - foot[second]) <= slack[first]) & (space >= 1)
    first, second, space = first[equal], second[equal], space[equal]
    # The next equal wall, or the one after a stroke as tall as a wall: more between two walls make a barcode.
    order = np.lexsort((space, first))
    first, second, space = first[order], second[order], space[order]
    good = np.arange(len(first)) - np.searchsorted(first, first) < 2
    good &= (space >= CELL_ASPECT[0] * height[first]) & (space <= CELL_ASPECT[1] * height[first])
    first, second = first[good], second[good]
    cells = np.stack([right[first], top[first] + top[second], left[second], foot[first] + foot[second]], axis=1)
    cells[:, [1, 3]] /= 2
    cells = cells[_in_company(cells, least)]
    upper, lower = _edges(cells, 1, lines), _edges(cells, 3, lines)
    # Open on top, or a digit's own stroke hides the line: then the walls' ends stand for it.
    cells[:, 1] = np.where(np.isnan(upper), cells[:, 1] + OVERSHOOT, upper)
    cells[:, 3] = np.where(np.isnan(lower), cells[:, 3] - OVERSHOOT, lower)
    return cells[~(np.isnan(upper) & np.isnan(lower))]


def _edges(cells: np.ndarray, side: int, lines: Lines) -> np.ndarray:
    """Heights (n,) of the horizontal lines near one side of rectangles (n, 4); not a number where there is none."""
    offsets = np.arange(-LINE_SMOOTHING, LINE_SMOOTHING + 1)
    left, right = np.round(cells[:, 0]).astype(np.int64), np.round(cells[:, 2]).astype(np.int64)
    y = np.round(cells[:, side]).astype(np.int64)[:, None] + offsets
    count = sum_rows(lines.horizontal_sum, y, left[:, None], right[:, None])
    best = np.argmax(count, axis=1)
    rows = np.arange(len(cells))
    return np.where(count[rows, best] >= LEAST_EDGE * (right - left), y[rows, best].astype(np.float64), np.nan)


def _in_company(spaces: np.ndarray, least: int) -> np.ndarray:
    """Which rectangles (n, 4) have at least `least` of their own size and height near them, themselves counted."""
    size = np.stack([spaces[:, 2] - spaces[:, 0], spaces[:, 3] - spaces[:, 1]], axis=1)
    alike = np.abs(spaces[:, None, 1] - spaces[None, :, 1]) <= 0.2 * size[:, None, 1] + 1
    alike &= (np.abs(size[:, None] - size[None]) <= 0.2 * size[:, None] + 1).all(axis=2)
    alike &= np.abs(spaces[:, None, 0] - spaces[None, :, 0]) <= 25 * size[:, None, 0]
    return alike.sum(axis=1) >= least


def support(cells: np.ndarray, lines: Lines) -> np.ndarray:
    """Share (n,) of the outlines of rectangles (n, 4), corners included, that lies on straight lines.

    Frames have corners, letters do not.
    """
    return sides(cells, lines).mean(axis=1)


def sides(cells: np.ndarray, lines: Lines) -> np.ndarray:
    """Share (n, 4) of the left, right, upper and lower side of rectangles (n, 4) that lies on straight lines."""
    left, top, right, bottom = np.round(cells).astype(np.int64).T
    shift = np.arange(-2, 3)
    columns = np.stack([left - 1, right], axis=1)[:, :, None] + shift
    rows = np.stack([top - 1, bottom], axis=1)[:, :, None] + shift
    upright = sum_columns(lines.vertical_sum, columns, top[:, None, None], bottom[:, None, None]).max(axis=2)
    level = sum_rows(lines.horizontal_sum, rows, left[:, None, None], right[:, None, None]).max(axis=2)
    length = np.maximum(1, np.stack([bottom - top, right - left], axis=1))
    return np.concatenate([upright / length[:, :1], level / length[:, 1:]], axis=1)


def stand_apart(row: np.ndarray, lines: Lines) -> bool:
    """Whether the lower lines of a row's cells (n, 4) end with each cell, instead of running on under all of them."""
    middle = np.round((row[:-1, 2] + row[1:, 0]) / 2).astype(np.int64)
    foot = np.round(np.maximum(row[:-1, 3], row[1:, 3])).astype(np.int64)[:, None] + np.arange(-2, 3)
    return not sum_rows(lines.horizontal_sum, foot, middle[:, None] - 1, middle[:, None] + 1).any()


def reach_out(row: np.ndarray, lines: Lines) -> np.ndarray:
    """The cells of a row (n, 4) carried up and down to the outermost line that closes their walls.

    Strokes on a common line (the feet of 2s, the bars of 7s) can pass for a frame inside the frame.
    """
    reached = row.copy()
    steps = np.arange(3, max(4, round(MAX_REACH * float(np.median(row[:, 3] - row[:, 1])))))
    left, right = np.round(row[:, 0]).astype(np.int64), np.round(row[:, 2]).astype(np.int64)
    columns = np.stack([left - 1, right], axis=1)[None, :, :, None] + np.arange(-2, 3)
    for side, sign in ((1, -1), (3, 1)):
        edge = round(float(np.median(row[:, side])))
        y = edge + sign * steps
        line = (sum_rows(lines.horizontal_sum, y[:, None], left, right) / (right - left)).mean(axis=1)
        start, stop = np.minimum(edge, y)[:, None, None, None], np.maximum(edge, y)[:, None, None, None]
        wall = sum_columns(lines.vertical_sum, columns, start, stop).max(axis=3).mean(axis=(1, 2)) / steps
        closed = np.flatnonzero((line >= LEAST_EDGE) & (wall >= LEAST_EDGE))
        if len(closed):
            reached[:, side] = y[closed[-1]]
    return reached


def has_walls(cell: Span, lines: Lines) -> bool:
    """Whether both sides of a rectangle are dark from top to foot: a wall, or a dark area that hides one."""
    left, top, right, bottom = round(cell.left), round(cell.top), round(cell.right), round(cell.bottom)
    inside = lines.gray[max(0, top) : bottom : 2, max(0, left) : right : 2]
    if not inside.size:
        return False
    paper = int(np.partition(inside, 3 * inside.size // 4, axis=None)[3 * inside.size // 4])
    dark = paper - 2 * LEAST_CONTRAST
    for at in (left - 1, right):
        strip = lines.gray[max(0, top) : bottom, max(0, at - 2) : at + 3]
        if not strip.size or np.count_nonzero(strip.min(axis=1) < dark) < LEAST_WALL * (bottom - top):
            return False
    return True
