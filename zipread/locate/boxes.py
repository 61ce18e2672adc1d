"""Rows of printed boxes: one cell for each digit of a code, of equal size and at a regular pitch."""

from __future__ import annotations

import math

import cv2
import numpy as np

from zipread.locate.frames import CELL_SIZE, Lines, find_cells, has_walls, support, thin_lines
from zipread.locate.upright import LEVEL_ENOUGH, Span, Upright, cells_in_field, span_to_field, turn_picture
from zipread.records import CleanPage, Field, Page

SEARCH_SIDE = 1100
"""Longest side of the largest picture searched, pixels: lines of a frame are long, so they survive the shrinking."""
LEVELS = 2
"""Scales searched, each half of the one before: thick lines and large cells are found on the smaller."""
LEAST_SUPPORT = 0.55
"""Share of a cell's outline that must be line, however much a digit hides of it."""
LEAST_CLEARNESS = 0.78
"""Mean of that share over a row."""
LEAST_FOUND = 0.4
"""Share of a row's cells that must be found by themselves; the others follow from the pitch."""
GREATEST_PITCH = 1.9
"""Widest distance between neighbouring cells, cell widths."""
SAME_SIZE = 0.2
"""Difference of size and height between the cells of one row, cell sizes."""
MARGIN = 0.25
"""Paper kept around a row for digits that leave their box, cell heights."""


def find_rows(page: Page, clean: CleanPage, upright: Upright, digits: int) -> list[Field]:
    """Find rows of exactly `digits` printed cells, the clearest first; the prior is the clearness of the frame."""
    gray, factor = _level_gray(page, clean, upright)
    rows: list[tuple[float, list[Span]]] = []
    for _ in range(LEVELS):
        if min(gray.shape) < 2 * CELL_SIZE[0]:
            break
        for clearness, cells in _rows(thin_lines(gray), digits):
            scaled = [Span(c.left * factor, c.top * factor, c.right * factor, c.bottom * factor) for c in cells]
            if not any(_overlapping(scaled, other) for _, other in rows):
                rows.append((clearness, scaled))
        gray = _halved(gray)
        factor *= 2.0
    rows.sort(key=lambda row: -row[0])
    return [_row_field(upright, cells, clearness) for clearness, cells in rows]


def _level_gray(page: Page, clean: CleanPage, upright: Upright) -> tuple[np.ndarray, float]:
    """The page's gray, level and small enough to search, and working pixels per pixel of it."""
    gray = page.gray
    height, width = clean.ink.shape
    while max(gray.shape) > 2 * max(height, width):
        gray = _halved(gray)
    if gray.shape != (height, width):
        gray = cv2.resize(gray, (width, height), interpolation=cv2.INTER_LINEAR)
    while max(gray.shape) > SEARCH_SIDE:
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


def _rows(lines: Lines, digits: int) -> list[tuple[float, list[Span]]]:
    """Rows of exactly `digits` cells with the mean support of their outlines, the clearest first."""
    cells = find_cells(lines)
    needed = max(1, math.ceil(LEAST_FOUND * digits))
    corners = np.array([(c.left, c.top, c.right, c.bottom) for c in cells]).reshape(-1, 4)
    size = np.stack([corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1]], axis=1)
    rows: list[tuple[float, list[Span]]] = []
    tried = np.zeros(len(cells), bool)
    for i in range(len(cells)):
        if tried[i]:
            continue
        slack = SAME_SIZE * size[i] + 1
        alike = (np.abs(size - size[i]) <= slack).all(axis=1)
        alike &= (np.abs(corners[:, [1, 3]] - corners[i, [1, 3]]) <= slack[1]).all(axis=1)
        members = np.flatnonzero(alike)
        tried[members] = True
        if len(members) < needed:
            continue
        for row in _regular(corners[members], lines, digits):
            clearness = float(np.mean([support(cell, lines) for cell in row]))
            if clearness >= LEAST_CLEARNESS and not any(_overlapping(row, other) for _, other in rows):
                rows.append((clearness, row))
    return sorted(rows, key=lambda row: -row[0])


def _regular(corners: np.ndarray, lines: Lines, digits: int) -> list[list[Span]]:
    """Runs of exactly `digits` supported cells at a regular pitch among alike cells (n, 4)."""
    middle = (corners[:, 0] + corners[:, 2]) / 2
    corners = corners[np.argsort(middle)]
    middle = np.sort(middle)
    width = float(np.median(corners[:, 2] - corners[:, 0]))
    found: list[list[Span]] = []
    if digits == 1:
        return [[Span(*corner)] for corner in corners.tolist() if support(Span(*corner), lines) >= LEAST_CLEARNESS]
    used = np.zeros(len(middle), bool)
    for i in range(len(middle)):
        if used[i]:
            continue
        best: list[Span] = []
        for step in np.unique(np.round(middle[i + 1 :] - middle[i], 1)):
            for pitch in (step, step / 2, step / 3):
                if 1.02 * width <= pitch <= GREATEST_PITCH * width:
                    row = _run_at(corners, i, pitch, lines, digits)
                    best = max(best, row, key=len)
            if len(best) == digits or step > 3 * GREATEST_PITCH * width:
                break
        if best:
            used |= (middle >= best[0].left) & (middle <= best[-1].right)
        if len(best) == digits:
            found.append(best)
    return found


def _run_at(corners: np.ndarray, start: int, pitch: float, lines: Lines, digits: int) -> list[Span]:
    """The run of cells through cell `start` at a pitch: found ones where there are, others where lines support them.

    Empty when too few were found by themselves. At most digits + 1 cells: a longer run is no row of `digits`.
    """
    middle = (corners[:, 0] + corners[:, 2]) / 2
    run = {0: Span(*corners[start].tolist())}
    own = 1
    for direction in (1, -1):
        last, at = run[0], 0
        while len(run) <= digits:
            at += direction
            shift = direction * pitch
            last = Span(last.left + shift, last.top, last.right + shift, last.bottom)
            nearest = int(np.argmin(np.abs(middle - (last.left + last.right) / 2)))
            if abs(middle[nearest] - (last.left + last.right) / 2) <= 0.12 * pitch + 1:
                last = Span(*corners[nearest].tolist())
                own += 1
            elif not has_walls(last, lines):
                break
            if support(last, lines) < LEAST_SUPPORT:
                break
            run[at] = last
    if own < LEAST_FOUND * digits:
        return []
    return [run[at] for at in sorted(run)]


def _overlapping(row: list[Span], other: list[Span]) -> bool:
    """Whether two rows share more than a little ground."""
    width = min(row[-1].right, other[-1].right) - max(row[0].left, other[0].left)
    height = min(row[0].bottom, other[0].bottom) - max(row[0].top, other[0].top)
    return width > 0.3 * row[0].width and height > 0.3 * min(row[0].height, other[0].height)


def _row_field(upright: Upright, cells: list[Span], clearness: float) -> Field:
    height = float(np.median([cell.height for cell in cells]))
    across = MARGIN * height
    span = Span(
        min(cell.left for cell in cells),
        min(cell.top for cell in cells),
        max(cell.right for cell in cells),
        max(cell.bottom for cell in cells),
    ).grown(across, across, across, across)
    field = span_to_field(upright, span, "boxes", clearness)
    boxes = cells_in_field(upright, span, cells)
    return Field(field.center, field.size, field.angle, "boxes", prior=clearness, cells=boxes)
