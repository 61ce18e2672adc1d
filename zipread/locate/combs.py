"""Combs: boxes open on top, a base line with walls or ticks standing on it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from zipread.locate.frames import CELL_ASPECT, CELL_SIZE, CROSSING
from zipread.locate.straight import LEAST_CONTRAST, LINE_REACH, Lines, base_lines_with_ends
from zipread.locate.upright import Span

SAME_SIZE = 0.2
"""Difference of size and height between the cells of one row, cell sizes."""
LEAST_PITCH = 18
"""Least distance between the walls of a comb, pixels: places of closer ones are too uncertain."""
END_SLACK = 0.1
"""Distance of a comb's outer walls from the ends of its base line, cell widths, besides a line's own."""
PITCH_SLACK = 0.04
"""Distance of a comb's walls from their places, cell widths."""
WALL_CONTRAST = 0.4
"""Least contrast of a comb's walls, as a share of its base line's."""
LEAST_TICK = 0.1
"""Shortest tick of a comb, cell widths."""
LEAST_EQUAL = 0.7
"""Share of a comb's ticks that are equally tall: digits hide or lengthen the others."""
LEAST_BASE = 0.9
"""Share of a comb's base line that must be dark."""
LEAST_HEIGHT = 0.6
"""Least height of cells that have full walls, cell widths; lower walls are ticks."""
FULL_WALL = 0.75
"""Least height of the inner walls of boxes, heights of the outer ones; lower ones are ticks, which digits join."""
OPEN_HEIGHT = 1.2
"""Height of the cells of a comb that has but short ticks, cell widths."""
CLUTTER = 0.3
"""Share of a comb's base line on which something as tall as its walls may stand."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of cells as if it were level, to be turned about its middle by `tilt` degrees."""

    clearness: float
    cells: list[Span]
    tilt: float = 0.0

    def scaled(self, factor: float) -> Row:
        """The row in a picture `factor` times as large."""
        cells = [Span(c.left * factor, c.top * factor, c.right * factor, c.bottom * factor) for c in self.cells]
        return Row(self.clearness, cells, self.tilt)


def find_combs(lines: Lines, digits: int) -> list[Row]:
    """Rows of exactly `digits` cells that share one base line, with walls or ticks standing on it."""
    if digits < 2:
        return []
    bases = base_lines_with_ends(lines, digits * LEAST_PITCH, digits * CELL_SIZE[1], END_SLACK / digits)
    found = [_comb(lines.gray, base, digits) for base in bases]
    return sorted((row for row in found if row is not None), key=lambda row: -row.clearness)


def _comb(gray: np.ndarray, base: np.ndarray, digits: int) -> Row | None:
    """The comb whose base line has these ends (4,); None where there is none.

    Its walls stand on both ends of the line and at equal pitch between them, upright on it and equally tall. The
    outer ones may be taller than the ticks between.
    """
    length, tilt = math.hypot(base[2] - base[0], base[3] - base[1]), math.atan2(base[3] - base[1], base[2] - base[0])
    pitch = length / digits
    slack = round(END_SLACK * pitch) + 2 * LINE_REACH
    pad, above = slack + 2 * LINE_REACH, round(2 * pitch)
    back = np.array([[math.cos(tilt), -math.sin(tilt)], [math.sin(tilt), math.cos(tilt)]])
    back = np.column_stack([back, base[:2] - 0.5 - back @ [pad, above]])
    size = (round(length) + 2 * pad, above + 3 * LINE_REACH)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    strip = cv2.warpAffine(gray, back, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    line = _base_of(strip, above, pad)
    between = line.present[pad + slack : len(line.present) - pad - slack]
    if np.count_nonzero(~between) > (1.0 - LEAST_BASE) * (length + 2 * slack + 1):
        return None
    tall = _wall_heights(strip, line, pitch)
    left, right = _tallest(tall, pad, slack), _tallest(tall, pad + length, slack)
    pitch = (right[0] - left[0]) / digits
    places = left[0] + pitch * np.arange(1, digits)
    inner = [_tallest(tall, at, round(1 + PITCH_SLACK * pitch)) for at in places]
    walls = np.array([left, *inner, right])
    height = _cell_height(walls[:, 1], pitch)
    clearness = float(np.mean(tall[round(left[0]) : round(right[0]) + 1] > 0))
    if height is None or clearness < LEAST_BASE or _is_cluttered(tall, walls):
        return None
    height = _up_to_lid(strip[:, round(left[0]) : round(right[0])], above, height)
    pitch, start = np.polyfit(np.arange(digits + 1), walls[:, 0], 1).tolist()
    x, y = (back @ [start + digits * pitch / 2, above - height / 2, 1.0] + 0.5).tolist()
    lefts = x + pitch * (np.arange(digits) - digits / 2)
    cells = [Span(at + 1.0, y - height / 2, at + pitch - 1.0, y + height / 2 - 1.0) for at in lefts.tolist()]
    return Row(clearness, cells, math.degrees(tilt))


@dataclass(frozen=True, slots=True)
class _Base:
    """The base line of a comb in the strip cut out around it."""

    row: int  # of its middle
    top: int  # its uppermost row
    contrast: float  # least contrast of walls, gray levels: they are printed in the base's colour
    present: np.ndarray  # (w,) bool, the columns that it is in


def _base_of(strip: np.ndarray, row: int, pad: int) -> _Base:
    """What is to be seen of the base line at a row of a strip (h, w) uint8, which ends `pad` beyond the line's ends."""
    first = row - LINE_REACH - 1
    middle = np.median(strip[first : row + LINE_REACH + 2, pad:-pad], axis=1)
    line = float(middle[row - 2 - first : row + 3 - first].min())
    paper = float(min(middle[0], middle[-1]))
    top = row
    while top > row - LINE_REACH and middle[top - first] < (paper + line) / 2:
        top -= 1
    present = strip[row - 1 : row + 2].min(axis=0) < (paper + line) / 2
    return _Base(row, top, max(LEAST_CONTRAST, WALL_CONTRAST * (paper - line)), present)


def _wall_heights(strip: np.ndarray, base: _Base, pitch: float) -> np.ndarray:
    """How tall a thin upright line stands on the base in each column of a strip (h, w) uint8: (w,) pixels.

    At least 1 where there is a base, 0 where there is none.
    """
    top = base.top
    smooth = cv2.blur(strip[: top + 1], (1, 3), borderType=cv2.BORDER_REPLICATE)
    light = cv2.dilate(smooth, np.ones((1, 3), np.uint8))
    beside = cv2.min(light[:, : -2 * LINE_REACH], light[:, 2 * LINE_REACH :])
    depth = cv2.subtract(beside, smooth[:, LINE_REACH:-LINE_REACH])
    thin = np.ones((top + 1 + CROSSING, strip.shape[1]), np.uint8)
    thin[: top + 1] = 0
    thin[: top + 1, LINE_REACH:-LINE_REACH] = depth >= base.contrast
    thin[: top + 1] = cv2.dilate(thin[: top + 1], np.ones((1, 3), np.uint8))
    gap = min(CROSSING, round(0.15 * pitch)) | 1
    footed = thin[top - 2 : top + 1].any(axis=0)
    closed = cv2.morphologyEx(thin, cv2.MORPH_CLOSE, np.ones((gap, 1), np.uint8))[: top + 1]
    ended = np.vstack([closed[::-1] == 0, np.ones((1, strip.shape[1])) > 0])
    return np.where(base.present, np.where(footed, ended.argmax(axis=0), 0) + max(1.0, base.row - top), 0.0)


def _tallest(tall: np.ndarray, at: float, slack: int) -> tuple[float, float]:
    """Place and height of the tallest wall around a place."""
    start = max(0, round(at) - slack)
    near = tall[start : round(at) + slack + 1]
    peak = first = last = int(near.argmax())
    while first > 0 and near[first - 1] >= 0.85 * near[peak]:
        first -= 1
    while last + 1 < len(near) and near[last + 1] >= 0.85 * near[peak]:
        last += 1
    return start + (first + last) / 2, float(near[peak])


def _cell_height(walls: np.ndarray, pitch: float) -> float | None:
    """Height of a comb's cells from the heights of its walls (n,); None where these make no comb."""
    ends, inner = walls[[0, -1]], walls[1:-1]
    if walls.min() < max(4.0, LEAST_TICK * pitch):
        return None
    tick = float(np.median(inner))
    if np.mean(np.abs(inner - tick) <= np.maximum(3.0, SAME_SIZE * tick)) < LEAST_EQUAL:
        return None
    full = tick >= FULL_WALL * ends.min()
    height = float(np.median(walls)) if full else float(ends.mean())
    if not full and ends.max() > 1.3 * ends.min() + 3.0:
        return None
    if height < LEAST_HEIGHT * pitch:
        if np.ptp(walls) > max(2.0, SAME_SIZE * tick):
            return None
        height = OPEN_HEIGHT * pitch
    return height if CELL_ASPECT[0] <= pitch / height <= CELL_ASPECT[1] else None


def _up_to_lid(strip: np.ndarray, base: int, height: float) -> float:
    """Height of cells up to the line that closes them, where there is one at the walls' end: it hides their last bit.

    strip: (h, w) uint8, from the first wall to the last; base: its row of the base line.
    """
    row = base - round(height)
    profile = np.median(strip[: base + 1], axis=1)
    start = max(0, row - 3 * LINE_REACH)
    lid = start + int(profile[start : row + LINE_REACH].argmin())
    paper = float(np.median(profile))
    if paper - profile[lid] < WALL_CONTRAST * (paper - profile[base]):
        return height
    return float(base - lid)


def _is_cluttered(tall: np.ndarray, walls: np.ndarray) -> bool:
    """Whether much stands on a base line besides its walls (n, 2): a barcode, a row of letters."""
    between = tall.copy()
    for at in np.round(walls[:, 0]).astype(np.int64):
        between[max(0, at - 2 * LINE_REACH) : at + 2 * LINE_REACH + 1] = 0
    between = between[round(walls[0, 0]) : round(walls[-1, 0])]
    digits, height = len(walls) - 1, float(np.median(walls[:, 1]))
    full = np.median(walls[1:-1, 1]) >= FULL_WALL * walls[[0, -1], 1].min()
    equal, half = between >= 0.8 * height, between >= 0.5 * height
    if equal.mean() > CLUTTER or _runs(half) > 2 * digits:
        return True
    return bool(full and _runs(equal) > digits / 2)


def _runs(row: np.ndarray) -> int:
    """Number of runs of true in (n,) bool."""
    return int(np.count_nonzero(np.diff(row.astype(np.int8)) == 1))
