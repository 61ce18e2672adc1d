"""Rub out what is printed or ruled around digits: underlines, baselines, frames of boxes."""

from __future__ import annotations

import cv2
import numpy as np

from zipread.records import Box

FRAME_ZONE = 0.25
"""Part of a field at its left and right end where a frame's upright line is looked for, in field heights."""

MOST_CROSSED = 12
"""Thickness of the thickest line across which a stroke is followed, pixels."""

LINE_COVERAGE = 0.93
"""Share of its length that a line is inked; the flat tops of printed digits in a row cover less."""

FINE_LINE = 0.7
FINE_LINE_COVERAGE = 0.55
"""A line thinner than this share of the strokes need not be inked over more than this share of its length."""

FRAME_BAND = 0.22
"""A frame line lies this near to the edge of its box, in box heights (its upright lines: box widths)."""

SIDE_COVERAGE = 0.92
"""Share of a box's side that its line covers; the foot of a two and the stroke of a one cover less."""

THICKEST_FRAME = 0.12
"""Thickness of the thickest frame line, in box heights (of its upright lines: box widths)."""

FRAME_RUN = 0.35
"""Shortest straight run of a frame line, in box widths (its upright lines: box heights)."""


def remove_lines(mask: np.ndarray) -> np.ndarray:
    """Rub out underlines, baselines and the upright frame lines at the ends, keeping what crosses them.

    Args:
        mask: (h, w) uint8, 255 ink.

    Returns:
        (h, w) uint8 mask without them.
    """
    height, width = mask.shape
    out = _remove_horizontal(mask, max(1.6 * height, 0.5 * width))
    # A tall stroke in the middle may be a one; only at the ends does a full-height line belong to a frame.
    end = round(FRAME_ZONE * height)
    if height > 12 and width > 4 * end:
        out = out.copy()
        for part in (out[:, :end], out[:, width - end :]):
            part[:] = _remove_horizontal(part.T.copy(), 0.95 * height).T
    return out


def _remove_horizontal(mask: np.ndarray, shortest: float) -> np.ndarray:
    """Remove straight lines at least `shortest` columns long, level or sloping by a few degrees.

    Level runs of ink are chained into lines; a line is fitted through each chain, which must keep close to it.
    """
    height, width = mask.shape
    run = max(6, round(min(0.3 * height, 0.12 * shortest)))
    if width < shortest or width <= run:
        return mask
    runs = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((1, run), np.uint8))
    if not runs.any():
        return mask
    joined = cv2.dilate(runs, np.ones((3, run), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(joined, 8, cv2.CV_32S, cv2.CCL_GRANA)
    zone = np.zeros_like(mask)
    stroke = _stroke_width(mask)
    for index in range(1, count):
        if stats[index][cv2.CC_STAT_WIDTH] >= shortest:
            _mark_line(zone, (runs > 0) & (labels == index), run, stroke)
    if not zone.any():
        return mask
    rest = cv2.bitwise_and(mask, cv2.bitwise_not(zone))
    return cv2.bitwise_or(rest, _crossing(rest, cv2.bitwise_and(mask, zone)))


def _stroke_width(mask: np.ndarray) -> float:
    """Mean width of the strokes of a (h, w) uint8 mask, pixels: twice their area by the length of their edges."""
    edge = cv2.subtract(mask, cv2.erode(mask, np.ones((3, 3), np.uint8)))
    return 2.0 * float(np.count_nonzero(mask)) / max(1.0, float(np.count_nonzero(edge)))


def _mark_line(zone: np.ndarray, chain: np.ndarray, run: int, stroke: float) -> None:
    """Mark the pixels along the line through a chain of level runs, if it is one line; (h, w) uint8, in place."""
    ys, xs = np.nonzero(chain)
    slope, start = np.polyfit(xs, ys, 1)
    away = np.abs(ys - (slope * xs + start))
    near = away <= max(2.0, 2.0 * float(np.median(away)))
    slope, start = np.polyfit(xs[near], ys[near], 1)
    thickness = float(np.median(np.bincount(xs[near], minlength=1)[np.unique(xs[near])]))
    away = np.abs(ys - (slope * xs + start))
    straight = float(np.mean(away <= thickness / 2 + 1.5))
    if straight < 0.75 or thickness > max(4.0, zone.shape[0] / 8):
        return
    covered = len(np.unique(xs[near])) / (int(xs.max()) - int(xs.min()) + 1)
    if covered < (FINE_LINE_COVERAGE if thickness <= FINE_LINE * stroke else LINE_COVERAGE):
        return
    left, right = max(0, int(xs.min()) - run), min(zone.shape[1], int(xs.max()) + run)
    columns = np.arange(left, right)
    middle = slope * columns + start
    rows = np.arange(zone.shape[0])[:, None]
    zone[:, left:right][np.abs(rows - middle[None, :]) <= thickness / 2 + 1.0] = 255


def remove_cell_frames(mask: np.ndarray, cells: tuple[Box, ...]) -> np.ndarray:
    """Rub out the frames of printed boxes, keeping strokes that cross them.

    Args:
        mask: (h, w) uint8, 255 ink.
        cells: interiors of the boxes, pixels.

    Returns:
        (h, w) uint8 mask; lines along a whole side of a box, and ink far from every box, are gone.
    """
    near = np.zeros_like(mask)
    for cell in cells:
        reach = round(0.25 * cell.height)
        near[max(0, cell.y - reach) : cell.bottom + reach, max(0, cell.x - reach // 2) : cell.right + reach // 2] = 255
    turned = tuple(Box(cell.y, cell.x, cell.height, cell.width) for cell in cells)
    level = _frame_lines(mask, cells)
    upright = np.ascontiguousarray(_frame_lines(np.ascontiguousarray(mask.T), turned).T)
    rest = cv2.bitwise_and(mask, cv2.bitwise_not(cv2.bitwise_or(level, upright)))
    across_level = _crossing(rest, level)
    across_upright = np.ascontiguousarray(_crossing(np.ascontiguousarray(rest.T), upright.T).T)
    return cv2.bitwise_and(cv2.bitwise_or(rest, cv2.bitwise_or(across_level, across_upright)), near)


def _frame_lines(mask: np.ndarray, cells: tuple[Box, ...]) -> np.ndarray:
    """Ink of the level frame lines along the upper and lower sides of boxes, (h, w) uint8.

    A side counts only where most boxes of the row have a line there: what one box shows alone is a stroke.
    """
    lines = np.zeros_like(mask)
    for side in ("upper", "lower"):
        sides, found = 0, []
        for cell in cells:
            band = max(2, round(FRAME_BAND * cell.height))
            edge = cell.y if side == "upper" else cell.bottom
            top, left, right = max(0, edge - band), max(0, cell.x - band // 2), cell.right + band // 2
            part = np.ascontiguousarray(mask[top : edge + band, left:right])
            if part.size == 0:
                continue
            kernel = np.ones((1, max(5, round(FRAME_RUN * cell.width))), np.uint8)
            runs = cv2.morphologyEx(part, cv2.MORPH_OPEN, kernel) > 0
            start = max(0, cell.x - left)
            rows = _line_rows(runs[:, start : start + cell.width], cell.height)
            found += [(slice(top + row, top + row + 1), slice(left, right)) for row in rows]
            sides += bool(rows)
        if sides > len(cells) / 2:
            for place in found:
                lines[place] = mask[place]
    return lines


def _line_rows(runs: np.ndarray, cell_height: int) -> list[int]:
    """The rows of a band, (h, w) bool, that hold a line along a whole side; none where there is no such line."""
    cover = runs.mean(axis=1)
    peak = int(cover.argmax())
    first = last = peak
    thickest = max(3, round(THICKEST_FRAME * cell_height))
    while first > 0 and cover[first - 1] > 0.3 * cover[peak] and last - first < thickest:
        first -= 1
    while last + 1 < len(cover) and cover[last + 1] > 0.3 * cover[peak] and last - first < thickest:
        last += 1
    if float(np.mean(runs[first : last + 1].any(axis=0))) < SIDE_COVERAGE:
        return []
    # The wall of the next box may stand beside this one's.
    whole = np.flatnonzero(cover >= SIDE_COVERAGE)
    return sorted({*range(first, last + 1), *whole.tolist()})


def _crossing(rest: np.ndarray, lines: np.ndarray) -> np.ndarray:
    """The pixels of level lines where ink goes on above and below: a stroke crosses there.

    Args:
        rest: (h, w) uint8, the ink without the lines.
        lines: (h, w) uint8, the lines' ink.
    """
    if not lines.any():
        return lines
    reach = min(MOST_CROSSED, int((lines > 0).sum(axis=0).max())) + 1
    kernel = np.ones((reach, 1), np.uint8)
    below, above = cv2.dilate(rest, kernel, anchor=(0, 0)), cv2.dilate(rest, kernel, anchor=(0, reach - 1))
    return cv2.bitwise_and(cv2.bitwise_and(above, below), lines)
