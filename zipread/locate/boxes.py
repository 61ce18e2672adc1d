"""Rows of printed boxes: one cell for each digit of a code, of equal size and at a regular pitch."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np

from zipread.locate.frames import (
    CELL_ASPECT,
    CELL_SIZE,
    CROSSING,
    LEAST_CONTRAST,
    LEAST_SUPPORT,
    LINE_REACH,
    Lines,
    base_lines,
    find_cells,
    has_ends,
    has_walls,
    reach_out,
    support,
    thin_lines,
)
from zipread.locate.upright import (
    LEVEL_ENOUGH,
    Span,
    Upright,
    cells_in_field,
    span_to_field,
    turn_picture,
    turn_upright,
)
from zipread.records import CleanPage, Field, Page

SEARCH_SIDE = 1100
"""Longest side of the largest picture searched at first sight, pixels: frames are long, they survive shrinking."""
LEAST_SIDE = 150
"""Longest side of the smallest picture searched, pixels: thick lines and large cells are found on small ones."""
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
LEAST_FOUND = 0.4
"""Share of a row's cells that must be found by themselves; the others follow from the pitch."""
GREATEST_PITCH = 1.9
"""Widest distance between neighbouring cells, cell widths."""
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
MARGIN = 0.25
"""Paper kept around a row for digits that leave their box, cell heights."""


def find_rows(page: Page, clean: CleanPage, upright: Upright, digits: int, side: int = SEARCH_SIDE) -> list[Field]:
    """Find rows of exactly `digits` printed cells, the clearest first; the prior is the clearness of the frame.

    `side` is the longest side of the largest picture searched, pixels: a larger one finds finer frames and costs
    more. Each next one has half its size.
    """
    gray, factor = _level_gray(page, clean, upright, side)
    if not _is_large_enough(gray):
        return []
    lines = thin_lines(gray)
    tilt = _tilt(lines) if max(clean.ink.shape) < FIELD_SIDE else 0.0
    if tilt:
        upright = turn_upright(replace(clean, angle=upright.angle + tilt))
        gray, factor = _level_gray(page, clean, upright, side)
        lines = thin_lines(gray)
    rows: list[_Row] = []
    while True:
        for row in _combs(lines, digits) + _rows(lines, digits):
            scaled = row.scaled(factor)
            if not any(_overlapping(scaled.cells, other.cells) for other in rows):
                rows.append(scaled)
        gray = _halved(gray)
        if not _is_large_enough(gray):
            return [_row_field(upright, row) for row in sorted(rows, key=lambda row: -row.clearness)]
        lines = thin_lines(gray)
        factor *= 2.0


def _is_large_enough(gray: np.ndarray) -> bool:
    """Whether a picture (h, w) can hold a row of cells."""
    return max(gray.shape) >= LEAST_SIDE and min(gray.shape) >= 2 * CELL_SIZE[0]


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


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of cells as if it were level, to be turned about its middle by `tilt` degrees."""

    clearness: float
    cells: list[Span]
    tilt: float = 0.0

    def scaled(self, factor: float) -> _Row:
        """The row in a picture `factor` times as large."""
        cells = [Span(c.left * factor, c.top * factor, c.right * factor, c.bottom * factor) for c in self.cells]
        return _Row(self.clearness, cells, self.tilt)


def _level_gray(page: Page, clean: CleanPage, upright: Upright, side: int) -> tuple[np.ndarray, float]:
    """The page's gray, level and small enough to search, and working pixels per pixel of it."""
    gray = page.gray
    height, width = clean.ink.shape
    while max(gray.shape) > 2 * max(height, width):
        gray = _halved(gray)
    if gray.shape != (height, width):
        gray = cv2.resize(gray, (width, height), interpolation=cv2.INTER_LINEAR)
    while max(gray.shape) > side:
        gray = _halved(gray)
    if max(gray.shape) < 0.6 * SEARCH_SIDE:
        gray = cv2.resize(gray, None, fx=2.0, fy=2.0, interpolation=cv2.INTER_LINEAR)
    factor = width / gray.shape[1]
    if abs(upright.angle) >= LEVEL_ENOUGH:
        gray = turn_picture(gray, upright.angle, 255, cv2.INTER_LINEAR)
    return gray, factor


def _halved(gray: np.ndarray) -> np.ndarray:
    size = (max(1, gray.shape[1] // 2), max(1, gray.shape[0] // 2))
    return cv2.resize(gray, size, interpolation=cv2.INTER_LINEAR)


def _rows(lines: Lines, digits: int) -> list[_Row]:
    """Rows of exactly `digits` cells with the mean support of their outlines, the clearest first."""
    needed = max(1, math.ceil(LEAST_FOUND * digits))
    cells = find_cells(lines, needed)
    size = np.stack([cells[:, 2] - cells[:, 0], cells[:, 3] - cells[:, 1]], axis=1)
    rows: list[_Row] = []
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
        for row in _regular(cells[alike], lines, digits):
            clearness = float(support(row, lines).mean())
            spans = [Span(*corners) for corners in reach_out(row, lines).tolist()]
            if clearness >= LEAST_CLEARNESS and not any(_overlapping(spans, other.cells) for other in rows):
                rows.append(_Row(clearness, spans))
    return sorted(rows, key=lambda row: -row.clearness)


def _regular(cells: np.ndarray, lines: Lines, digits: int) -> list[np.ndarray]:
    """Runs (digits, 4) of supported cells at a regular pitch among alike cells (n, 4)."""
    if digits == 1:
        return [cell[None] for cell in cells]
    cells = cells[np.argsort(cells[:, 0] + cells[:, 2], kind="stable")]
    middle = (cells[:, 0] + cells[:, 2]) / 2
    width = float(np.median(cells[:, 2] - cells[:, 0]))
    clear = support(cells, lines)
    found: list[np.ndarray] = []
    used = np.zeros(len(cells), bool)
    for i in np.argsort(-clear, kind="stable"):
        if used[i]:
            continue
        best = cells[:0]
        for pitch in _pitches(middle, int(i), width, digits):
            run = _Series(cells, clear, lines, digits).run(int(i), pitch)
            best = run if len(run) > len(best) else best
            if len(best) == digits:
                found.append(best)
                break
        if len(best):
            used |= (middle >= best[0, 0]) & (middle <= best[-1, 2])
    return found


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
    """Alike cells from which rows of `digits` are put together."""

    cells: np.ndarray  # (n, 4), left to right
    clear: np.ndarray  # (n,) support of each
    lines: Lines
    digits: int

    def run(self, start: int, pitch: float) -> np.ndarray:
        """The run of cells (m, 4) through cell `start` at a pitch: found ones, and others where lines support them.

        Empty when too few were found. At most digits + 1 cells: a longer run is no row of `digits`.
        """
        run = {0: self.cells[start]}
        own = 1
        for direction in (1, -1):
            last, at = self.cells[start], 0
            while len(run) <= self.digits:
                at += direction
                wanted = last + direction * pitch * np.array([1.0, 0.0, 1.0, 0.0])
                found = self._clearest_at(wanted, pitch)
                own += found is not None
                last = wanted if found is None else found
                if found is None and not self._is_supported(wanted):
                    break
                run[at] = last
        if own < LEAST_FOUND * self.digits:
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


def _row_field(upright: Upright, row: _Row) -> Field:
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


# --- combs: boxes open on top


def _combs(lines: Lines, digits: int) -> list[_Row]:
    """Rows of exactly `digits` cells that share one base line, with walls or ticks standing on it."""
    if digits < 2:
        return []
    bases = base_lines(lines, digits * LEAST_PITCH, digits * CELL_SIZE[1])
    bases = bases[has_ends(bases, END_SLACK / digits, lines)]
    found = [_comb(lines.gray, base, digits) for base in bases]
    return sorted((row for row in found if row is not None), key=lambda row: -row.clearness)


def _comb(gray: np.ndarray, base: np.ndarray, digits: int) -> _Row | None:
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
    tall = _wall_heights(strip, above, pad, pitch)
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
    return _Row(clearness, cells, math.degrees(tilt))


def _wall_heights(strip: np.ndarray, base: int, pad: int, pitch: float) -> np.ndarray:
    """How tall a thin upright line stands on row `base` in each column of a strip (h, w) uint8: (w,) pixels.

    At least 1 where there is a base, 0 where there is none.
    """
    middle = np.median(strip[:, pad:-pad], axis=1)
    line = float(middle[base - 2 : base + 3].min())
    paper = float(min(middle[base - LINE_REACH - 1], middle[base + LINE_REACH + 1]))
    # Walls and base are printed in one colour.
    least = max(LEAST_CONTRAST, WALL_CONTRAST * (paper - line))
    present = strip[base - 1 : base + 2].min(axis=0) < (paper + line) / 2
    top = base
    while top > base - LINE_REACH and middle[top] < (paper + line) / 2:
        top -= 1
    smooth = cv2.blur(strip[: top + 1], (1, 3), borderType=cv2.BORDER_REPLICATE)
    light = cv2.dilate(smooth, np.ones((1, 3), np.uint8)).astype(np.int16)
    depth = np.minimum(light[:, : -2 * LINE_REACH], light[:, 2 * LINE_REACH :]) - smooth[:, LINE_REACH:-LINE_REACH]
    thin = np.ones((top + 1 + CROSSING, strip.shape[1]), np.uint8)
    thin[: top + 1] = 0
    thin[: top + 1, LINE_REACH:-LINE_REACH] = depth >= least
    thin[: top + 1] = cv2.dilate(thin[: top + 1], np.ones((1, 3), np.uint8))
    gap = min(CROSSING, round(0.15 * pitch)) | 1
    footed = thin[top - 2 : top + 1].any(axis=0)
    closed = cv2.morphologyEx(thin, cv2.MORPH_CLOSE, np.ones((gap, 1), np.uint8))[: top + 1]
    ended = np.vstack([closed[::-1] == 0, np.ones((1, strip.shape[1])) > 0])
    return np.where(present, np.where(footed, ended.argmax(axis=0), 0) + max(1.0, base - top), 0.0)


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
