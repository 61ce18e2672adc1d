"""Thin straight lines of a picture, upright and level.

They are found as lines rather than as ink, because printed frames are often paler than any writing (orange, light
gray), and because a digit that touches or crosses its frame leaves the frame's lines where they were.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

LINE_REACH = 3
"""Distance from a line's middle to the paper beside it, pixels: lines up to 5 pixels thick stand out."""
LINE_SMOOTHING = 5
"""Length over which a line is averaged along its own direction, pixels: lifts pale lines out of the noise."""
LINE_LENGTH = 11
"""Shortest straight line, pixels."""
LEAST_CONTRAST = 5.0
"""Least contrast of a line to both sides, gray levels."""
BRIDGE = 5
"""Gaps bridged at corners and where a stroke crosses the frame, pixels."""
BASE_GAP = 15
"""Gaps bridged in the base line of a comb, pixels: digits and ticks stand on it."""
STEEPEST = 0.16
"""Greatest slope of a base line, pixels a pixel."""
LEAST_INKED = 0.6
"""Share of a base line's length that must be line."""

_UNCHANGED = np.ones((1, 1), np.float32)
_MEAN = np.full((LINE_SMOOTHING, 1), 1.0 / LINE_SMOOTHING, np.float32)


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
    # As cv2.blur, whose column sums are slow.
    smooth = cv2.sepFilter2D(gray, -1, _UNCHANGED, _MEAN, borderType=cv2.BORDER_REPLICATE)
    # The lightest of three pixels on a side: the next box's wall may stand close.
    light = cv2.dilate(smooth, np.ones((1, 3), np.uint8))
    depth = np.zeros_like(smooth)
    beside = cv2.min(light[:, : -2 * LINE_REACH], light[:, 2 * LINE_REACH :])
    depth[:, LINE_REACH:-LINE_REACH] = cv2.subtract(beside, smooth[:, LINE_REACH:-LINE_REACH])
    return cv2.morphologyEx(_clear(depth), cv2.MORPH_OPEN, np.ones((LINE_LENGTH, 1), np.uint8))


def _horizontal_lines(gray: np.ndarray) -> np.ndarray:
    smooth = cv2.blur(gray, (LINE_SMOOTHING, 1), borderType=cv2.BORDER_REPLICATE)
    light = cv2.dilate(smooth, np.ones((3, 1), np.uint8))
    depth = np.zeros_like(smooth)
    beside = cv2.min(light[: -2 * LINE_REACH], light[2 * LINE_REACH :])
    depth[LINE_REACH:-LINE_REACH] = cv2.subtract(beside, smooth[LINE_REACH:-LINE_REACH])
    return cv2.morphologyEx(_clear(depth), cv2.MORPH_OPEN, np.ones((1, LINE_LENGTH), np.uint8))


def _clear(depth: np.ndarray) -> np.ndarray:
    """Where a line's depth in gray levels stands out of the paper's own roughness."""
    sample = depth[::5, ::3]
    noise = float(np.searchsorted(np.cumsum(np.bincount(sample.ravel(), minlength=256)), 0.8 * sample.size))
    return cv2.threshold(depth, max(LEAST_CONTRAST, 3.0 * noise), 255, cv2.THRESH_BINARY)[1]


def base_lines(lines: Lines, shortest: float, longest: float) -> np.ndarray:
    """Long level lines (n, 4) as left end x, y and right end x, y; lengths in pixels."""
    return _fitted(lines, _level_outlines(lines, shortest, longest))


def base_lines_with_ends(lines: Lines, shortest: float, longest: float, slack: float) -> np.ndarray:
    """Those base lines that have upright lines on both ends, within `slack` of their length and a line's width."""
    outlines = _level_outlines(lines, shortest, longest)
    left, top, width, height = np.array([cv2.boundingRect(outline) for outline in outlines]).reshape(-1, 4).T
    reach = slack * width + 2 * LINE_REACH
    # The line runs anywhere in the box of its outline, less what joining added: to look there costs less than to fit.
    first, last = left + BASE_GAP // 2, left + width - BASE_GAP // 2
    may_have = _has_wall(lines, first, reach, top, top + height) & _has_wall(lines, last, reach, top, top + height)
    bases = _fitted(lines, [outlines[at] for at in np.flatnonzero(may_have)])
    first, first_y, last, last_y = bases.T
    reach = slack * (last - first) + 2 * LINE_REACH
    return bases[_has_wall(lines, first, reach, first_y, first_y) & _has_wall(lines, last, reach, last_y, last_y)]


def _level_outlines(lines: Lines, shortest: float, longest: float) -> list[np.ndarray]:
    """Outlines of what may be a base line: level lines, joined across gaps."""
    joined = cv2.dilate(lines.horizontal, np.ones((3, BASE_GAP), np.uint8))
    outlines, _ = cv2.findContours(joined, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    found, total = [], lines.horizontal_sum
    for outline in outlines:
        x, y, w, h = cv2.boundingRect(outline)
        if not shortest <= w - BASE_GAP <= longest or h > STEEPEST * w + 3 * BRIDGE:
            continue
        inked = total[y + h, x + w] - total[y, x + w] - total[y + h, x] + total[y, x]
        if inked >= LEAST_INKED * (w - BASE_GAP):  # less: words in a line
            found.append(outline)
    return found


def _fitted(lines: Lines, outlines: Sequence[np.ndarray]) -> np.ndarray:
    """Straight lines (n, 4) through the level lines in outlines, the upper ones first; crooked ones are left out."""
    found = []
    for outline in outlines:
        x, y, w, h = cv2.boundingRect(outline)
        own = cv2.drawContours(np.zeros((h, w), np.uint8), [outline], 0, 255, cv2.FILLED, offset=(-x, -y))
        ys, xs = np.nonzero(lines.horizontal[y : y + h, x : x + w] & own)
        slope, start = _line_through(xs, ys)
        near = np.abs(ys - start - slope * xs) <= 2.0
        if np.count_nonzero(near) < LINE_LENGTH:
            continue
        ys, xs = ys[near], xs[near]
        slope, start = _line_through(xs, ys)
        ends = np.array([xs.min(), xs.max()])
        if abs(slope) <= STEEPEST and np.count_nonzero(np.bincount(xs)) >= LEAST_INKED * (ends[1] - ends[0]):
            height = start + slope * ends + y + 0.5
            found.append((x + ends[0], height[0], x + ends[1] + 1, height[1]))
    return np.array(sorted(found, key=lambda line: line[1]), np.float64).reshape(-1, 4)


def _line_through(xs: np.ndarray, ys: np.ndarray) -> tuple[float, float]:
    """Slope and height at 0 of the line of least squares through points (n,), two of them apart along x."""
    off = xs - xs.mean()
    slope = float(off @ ys) / float(off @ off)
    return slope, float(ys.mean() - slope * xs.mean())


def _has_wall(lines: Lines, x: np.ndarray, reach: np.ndarray, upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """Whether upright lines end within `reach` of x (n,), on a level line that runs between two heights there."""
    total = lines.vertical_sum
    left, right = (_clipped(edge.astype(np.int64), total.shape[1] - 1) for edge in (x - reach, x + reach))
    top, bottom = (_clipped(edge.astype(np.int64), total.shape[0] - 1) for edge in (upper - 2 * LINE_LENGTH, lower))
    wall: np.ndarray = total[bottom, right] - total[top, right] - total[bottom, left] + total[top, left] >= LINE_LENGTH
    return wall


def sum_columns(total: np.ndarray, x: np.ndarray, top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    """Sum of column x over rows top .. bottom, from an integral picture; broadcasts, clipped to the picture."""
    height, width = total.shape
    x = _clipped(x, width - 2)
    top, bottom = _clipped(top, height - 1), _clipped(bottom, height - 1)
    return total[bottom, x + 1] - total[bottom, x] - total[top, x + 1] + total[top, x]


def sum_rows(total: np.ndarray, y: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Sum of row y over columns left .. right, from an integral picture; broadcasts, clipped to the picture."""
    height, width = total.shape
    y = _clipped(y, height - 2)
    left, right = _clipped(left, width - 1), _clipped(right, width - 1)
    return total[y + 1, right] - total[y, right] - total[y + 1, left] + total[y, left]


def _clipped(places: np.ndarray, last: int) -> np.ndarray:
    """Places (n,) brought into 0 .. last; np.clip takes several times as long for a few."""
    return np.minimum(np.maximum(places, 0), last)
