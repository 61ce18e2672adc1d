"""Rub out what is printed or ruled around digits: underlines, baselines, frames of boxes."""

from __future__ import annotations

import cv2
import numpy as np

from zipread.records import Box

FRAME_ZONE = 0.25
"""Part of a field at its left and right end where a frame's upright line is looked for, in field heights."""

LINE_COVERAGE = 0.8
"""Share of its length that a line is inked; the flat tops of printed digits in a row cover less."""

FRAME_BAND = 0.16
"""A frame line lies this near to the edge of its box, in box heights (its upright lines: box widths)."""

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
    out = _remove_horizontal(mask, max(1.2 * height, 0.35 * width))
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
    count, labels, stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(joined, 8, cv2.CV_16U, cv2.CCL_DEFAULT)
    zone = np.zeros_like(mask)
    for index in range(1, count):
        if stats[index][cv2.CC_STAT_WIDTH] >= shortest:
            _mark_line(zone, (runs > 0) & (labels == index), run)
    if not zone.any():
        return mask
    rest = cv2.bitwise_and(mask, cv2.bitwise_not(zone))
    # A stroke that crosses the line has ink above and below it: there the line's pixels stay.
    reach = int(zone.any(axis=1).sum() > 0) + int((zone > 0).sum(axis=0).max())
    above = cv2.dilate(rest, np.ones((reach + 1, 1), np.uint8), anchor=(0, reach))
    below = cv2.dilate(rest, np.ones((reach + 1, 1), np.uint8), anchor=(0, 0))
    crossing = cv2.bitwise_and(cv2.bitwise_and(above, below), mask)
    return cv2.bitwise_or(rest, cv2.bitwise_and(crossing, zone))


def _mark_line(zone: np.ndarray, chain: np.ndarray, run: int) -> None:
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
    if covered < LINE_COVERAGE:
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
        (h, w) uint8 mask; straight runs along a box's border, and ink far from every box, are gone.
    """
    width = float(np.median([cell.width for cell in cells]))
    height = float(np.median([cell.height for cell in cells]))
    out = mask
    for along, across, upright in ((width, height, False), (height, width, True)):
        band = _border_bands(mask.shape[:2], cells, max(2.0, FRAME_BAND * across), upright)
        run = max(5, round(FRAME_RUN * along))
        kernel = np.ones((run, 1) if upright else (1, run), np.uint8)
        lines = cv2.bitwise_and(cv2.morphologyEx(out, cv2.MORPH_OPEN, kernel), band)
        lines = cv2.bitwise_and(cv2.dilate(lines, np.ones((3, 3), np.uint8)), band)
        out = _without(out, lines, upright)
    near = np.zeros_like(mask)
    for cell in cells:
        reach = round(0.25 * cell.height)
        near[max(0, cell.y - reach) : cell.bottom + reach, max(0, cell.x - reach // 2) : cell.right + reach // 2] = 255
    return cv2.bitwise_and(out, near)


def _border_bands(shape: tuple[int, ...], cells: tuple[Box, ...], reach: float, upright: bool) -> np.ndarray:
    """(h, w) uint8, 255 within `reach` pixels of the cells' left and right edges, or of their tops and bottoms."""
    band = np.zeros(shape, np.uint8)
    r = round(reach)
    for cell in cells:
        for edge in (cell.x, cell.right) if upright else (cell.y, cell.bottom):
            if upright:
                band[max(0, cell.y - r) : cell.bottom + r, max(0, edge - r) : edge + r] = 255
            else:
                band[max(0, edge - r) : edge + r, max(0, cell.x - r) : cell.right + r] = 255
    return band


def _without(mask: np.ndarray, lines: np.ndarray, upright: bool) -> np.ndarray:
    """The mask without some lines; where ink goes on at both sides of a line, its pixels stay."""
    if not lines.any():
        return mask
    rest = cv2.bitwise_and(mask, cv2.bitwise_not(lines))
    reach = int((lines > 0).sum(axis=1 if upright else 0).max()) + 1
    reach = min(reach, 9)
    size = (1, reach) if upright else (reach, 1)
    first, last = ((0, 0), (reach - 1, 0)) if upright else ((0, 0), (0, reach - 1))
    kernel = np.ones(size, np.uint8)
    both = cv2.bitwise_and(cv2.dilate(rest, kernel, anchor=first), cv2.dilate(rest, kernel, anchor=last))
    return cv2.bitwise_or(rest, cv2.bitwise_and(cv2.bitwise_and(both, lines), mask))
