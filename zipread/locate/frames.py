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
LEAST_SUPPORT = 0.55
"""Share of a cell's outline that must be line, however much a digit hides of it."""
SAME_CELL = 3.0
"""Rectangles whose sides are this close are one, pixels."""
MAX_REACH = 0.45
"""How far beyond a cell found its true frame is looked for, cell heights."""
LEAST_WALL = 0.85
"""Share of a wall's length that must be dark where a cell was not found by itself."""
BASE_GAP = 15
"""Gaps bridged in the base line of a comb, pixels: digits and ticks stand on it."""
STEEPEST = 0.16
"""Greatest slope of a base line, pixels a pixel."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Thin lines of a picture, (h, w) uint8 each, 255 where there is one, and the picture they were found in.

    The sums are (h + 1, w + 1) integral pictures of the lines, thickened by a pixel because a line may lean.
    """

    vertical: np.ndarray
    horizontal: np.ndarray
    vertical_sum: np.ndarray
    horizontal_sum: np.ndarray
    gray: np.ndarray


def thin_lines(gray: np.ndarray) -> Lines:
    """Find straight vertical and horizontal lines darker than the paper on both sides, (h, w) uint8."""
    vertical, horizontal = _vertical_lines(gray), _horizontal_lines(gray)
    vertical_sum = _integral(cv2.dilate(vertical, np.ones((1, 2), np.uint8)))
    horizontal_sum = _integral(cv2.dilate(horizontal, np.ones((2, 1), np.uint8)))
    return Lines(vertical, horizontal, vertical_sum, horizontal_sum, gray)


def _integral(mask: np.ndarray) -> np.ndarray:
    """Integral picture (h + 1, w + 1) int32 of a mask, counting pixels."""
    return cv2.integral(cv2.threshold(mask, 0, 1, cv2.THRESH_BINARY)[1])


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
    count = _sum_rows(lines.horizontal_sum, y, left[:, None], right[:, None])
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


def base_lines(lines: Lines, shortest: float, longest: float) -> np.ndarray:
    """Long level lines (n, 4) as left end x, y and right end x, y; lengths in pixels."""
    joined = cv2.dilate(lines.horizontal, np.ones((3, BASE_GAP), np.uint8))
    outlines, _ = cv2.findContours(joined, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    found, total = [], lines.horizontal_sum
    for outline in outlines:
        x, y, w, h = cv2.boundingRect(outline)
        if not shortest <= w - BASE_GAP <= longest or h > STEEPEST * w + 3 * BRIDGE:
            continue
        inked = total[y + h, x + w] - total[y, x + w] - total[y + h, x] + total[y, x]
        if inked < LEAST_EDGE * (w - BASE_GAP):  # words in a line
            continue
        own = cv2.drawContours(np.zeros((h, w), np.uint8), [outline], 0, 255, cv2.FILLED, offset=(-x, -y))
        ys, xs = np.nonzero(lines.horizontal[y : y + h, x : x + w] & own)
        slope, start = _line_through(xs, ys)
        near = np.abs(ys - start - slope * xs) <= 2.0
        if np.count_nonzero(near) < LINE_LENGTH:
            continue
        ys, xs = ys[near], xs[near]
        slope, start = _line_through(xs, ys)
        ends = np.array([xs.min(), xs.max()])
        if abs(slope) <= STEEPEST and np.count_nonzero(np.bincount(xs)) >= LEAST_EDGE * (ends[1] - ends[0]):
            height = start + slope * ends + y + 0.5
            found.append((x + ends[0], height[0], x + ends[1] + 1, height[1]))
    return np.array(sorted(found, key=lambda line: line[1]), np.float64).reshape(-1, 4)


def _line_through(xs: np.ndarray, ys: np.ndarray) -> tuple[float, float]:
    """Slope and height at 0 of the line of least squares through points (n,), two of them apart along x."""
    off = xs - xs.mean()
    slope = float(off @ ys) / float(off @ off)
    return slope, float(ys.mean() - slope * xs.mean())


def has_ends(bases: np.ndarray, slack: float, lines: Lines) -> np.ndarray:
    """Which base lines (n, 4) have upright lines on both ends, within `slack` of their length and a line's width."""
    reach = slack * (bases[:, 2] - bases[:, 0]) + 2 * LINE_REACH
    good = np.ones(len(bases), bool)
    for x, y in (bases[:, :2].T, bases[:, 2:].T):
        left, right = np.clip([x - reach, x + reach], 0, lines.vertical.shape[1]).astype(np.int64)
        top, bottom = np.clip([y - 2 * LINE_LENGTH, y], 0, lines.vertical.shape[0]).astype(np.int64)
        total = lines.vertical_sum
        good &= total[bottom, right] - total[top, right] - total[bottom, left] + total[top, left] >= LINE_LENGTH
    return good


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
    upright = _sum_columns(lines.vertical_sum, columns, top[:, None, None], bottom[:, None, None]).max(axis=2)
    level = _sum_rows(lines.horizontal_sum, rows, left[:, None, None], right[:, None, None]).max(axis=2)
    length = np.maximum(1, np.stack([bottom - top, right - left], axis=1))
    return np.concatenate([upright / length[:, :1], level / length[:, 1:]], axis=1)


def stand_apart(row: np.ndarray, lines: Lines) -> bool:
    """Whether the lower lines of a row's cells (n, 4) end with each cell, instead of running on under all of them."""
    middle = np.round((row[:-1, 2] + row[1:, 0]) / 2).astype(np.int64)
    foot = np.round(np.maximum(row[:-1, 3], row[1:, 3])).astype(np.int64)[:, None] + np.arange(-2, 3)
    return not _sum_rows(lines.horizontal_sum, foot, middle[:, None] - 1, middle[:, None] + 1).any()


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
        line = (_sum_rows(lines.horizontal_sum, y[:, None], left, right) / (right - left)).mean(axis=1)
        start, stop = np.minimum(edge, y)[:, None, None, None], np.maximum(edge, y)[:, None, None, None]
        wall = _sum_columns(lines.vertical_sum, columns, start, stop).max(axis=3).mean(axis=(1, 2)) / steps
        closed = np.flatnonzero((line >= LEAST_EDGE) & (wall >= LEAST_EDGE))
        if len(closed):
            reached[:, side] = y[closed[-1]]
    return reached


def _sum_columns(total: np.ndarray, x: np.ndarray, top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    """Sum of column x over rows top .. bottom, from an integral picture; broadcasts, clipped to the picture."""
    height, width = total.shape
    x = _clipped(x, width - 2)
    top, bottom = _clipped(top, height - 1), _clipped(bottom, height - 1)
    return total[bottom, x + 1] - total[bottom, x] - total[top, x + 1] + total[top, x]


def _sum_rows(total: np.ndarray, y: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Sum of row y over columns left .. right, from an integral picture; broadcasts, clipped to the picture."""
    height, width = total.shape
    y = _clipped(y, height - 2)
    left, right = _clipped(left, width - 1), _clipped(right, width - 1)
    return total[y + 1, right] - total[y, right] - total[y + 1, left] + total[y, left]


def _clipped(places: np.ndarray, last: int) -> np.ndarray:
    """Places (n,) brought into 0 .. last; np.clip takes several times as long for a few."""
    return np.minimum(np.maximum(places, 0), last)


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
