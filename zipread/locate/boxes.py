"""Rows of printed boxes: one cell for each digit of a code.

Frames are found as thin straight lines rather than as ink, because they are often paler than any writing (orange,
light gray), and because a digit that touches or crosses its frame leaves the frame's lines where they were. The
cells are the holes between the lines; a row is a run of equal cells at a regular pitch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from zipread.locate.upright import LEVEL_ENOUGH, Span, Upright, cells_in_field, span_to_field, turn_picture
from zipread.records import CleanPage, Field, Page

LEVELS = 3
"""Scales searched, each half of the one before: lines and cells of any thickness and size look alike on one of them."""
LINE_REACH = 3
"""Distance from a line's middle to the paper beside it, pixels: lines up to 5 pixels thick stand out."""
LINE_SMOOTHING = 9
"""Length over which a line is averaged along its own direction, pixels: lifts pale lines out of the noise."""
LINE_LENGTH = 11
"""Shortest straight line, pixels."""
LEAST_CONTRAST = 5.0
"""Least contrast of a line to both sides, gray levels."""
BRIDGE = 7
"""Gaps bridged at corners and where a stroke crosses the frame, pixels."""
CELL_SIZE = (12, 160)
"""Least and greatest side of a cell, pixels of its scale."""
CELL_ASPECT = (0.35, 1.7)
"""Least and greatest width of a cell over its height."""
LEAST_SUPPORT = 0.62
"""Share of its outline that must be line: letters are round where frames have corners."""
LEAST_FOUND = 0.6
"""Share of a row's cells that must be found as holes; the others follow from the pitch."""
MARGIN = 0.25
"""Paper kept around a row for digits that leave their box, cell heights."""


@dataclass(frozen=True, slots=True)
class _Lines:
    """Thin lines of a picture, (h, w) uint8, 255 where there is one."""

    vertical: np.ndarray
    horizontal: np.ndarray


def find_rows(page: Page, clean: CleanPage, upright: Upright, digits: int) -> list[Field]:
    """Find rows of exactly `digits` printed cells, the clearest first; the prior is the clearness of the frame."""
    gray = _level_gray(page, clean, upright)
    rows: list[tuple[float, list[Span]]] = []
    factor = 1.0
    for _ in range(LEVELS):
        if min(gray.shape) < 2 * CELL_SIZE[0]:
            break
        lines = _thin_lines(gray)
        for support, cells in _rows(_cells(lines), lines, digits):
            scaled = [Span(c.left * factor, c.top * factor, c.right * factor, c.bottom * factor) for c in cells]
            if not any(_same_place(scaled, other) for _, other in rows):
                rows.append((support, scaled))
        gray = cv2.resize(gray, (gray.shape[1] // 2, gray.shape[0] // 2), interpolation=cv2.INTER_LINEAR)
        factor *= 2.0
    rows.sort(key=lambda row: -row[0])
    return [_row_field(upright, cells, support) for support, cells in rows]


def _level_gray(page: Page, clean: CleanPage, upright: Upright) -> np.ndarray:
    """The page's gray at working scale, turned as the upright page is."""
    gray = page.gray
    height, width = clean.ink.shape
    while min(gray.shape[0] / height, gray.shape[1] / width) >= 2.0:
        gray = cv2.resize(gray, (gray.shape[1] // 2, gray.shape[0] // 2), interpolation=cv2.INTER_LINEAR)
    if gray.shape != (height, width):
        gray = cv2.resize(gray, (width, height), interpolation=cv2.INTER_LINEAR)
    return turn_picture(gray, upright.angle, 255) if abs(upright.angle) >= LEVEL_ENOUGH else gray


def _thin_lines(gray: np.ndarray) -> _Lines:
    return _Lines(_vertical_lines(gray), cv2.transpose(_vertical_lines(cv2.transpose(gray))))


def _vertical_lines(gray: np.ndarray) -> np.ndarray:
    """Vertical lines darker than what is left and right of them, (h, w) uint8, 255 on a line."""
    smooth = cv2.blur(gray, (1, LINE_SMOOTHING), borderType=cv2.BORDER_REPLICATE)
    depth = np.zeros_like(smooth)
    beside = np.minimum(smooth[:, : -2 * LINE_REACH], smooth[:, 2 * LINE_REACH :])
    depth[:, LINE_REACH:-LINE_REACH] = cv2.subtract(beside, smooth[:, LINE_REACH:-LINE_REACH])
    sample = depth[::5, ::3]
    noise = float(np.searchsorted(np.cumsum(np.bincount(sample.ravel(), minlength=256)), 0.8 * sample.size))
    _, line = cv2.threshold(depth, max(LEAST_CONTRAST, 3.0 * noise), 255, cv2.THRESH_BINARY)
    return cv2.morphologyEx(line, cv2.MORPH_OPEN, np.ones((LINE_LENGTH, 1), np.uint8))


def _cells(lines: _Lines) -> list[Span]:
    """Rectangular holes between the lines, of a cell's size and shape."""
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


def _rows(cells: list[Span], lines: _Lines, digits: int) -> list[tuple[float, list[Span]]]:
    """Rows of exactly `digits` cells with the support of their outlines, missing cells put in by the pitch."""
    rows = []
    pending = sorted(cells, key=lambda cell: cell.left)
    while pending:
        row = [pending.pop(0)]
        for cell in pending:
            if _follows(row, cell):
                row.append(cell)
        pending = [cell for cell in pending if cell not in row]
        full = _completed(row, lines, digits)
        if full is None:
            continue
        support = float(np.mean([_support(cell, lines) for cell in full]))
        if support >= LEAST_SUPPORT:
            rows.append((support, full))
    return rows


def _follows(row: list[Span], cell: Span) -> bool:
    """Whether a cell continues a row: of its size, at its height, at a distance that is a multiple of the pitch."""
    last = row[-1]
    height, width = float(np.median([c.height for c in row])), float(np.median([c.width for c in row]))
    if abs(cell.height - height) > 0.18 * height + 1 or abs(cell.width - width) > 0.22 * width + 1:
        return False
    if abs((cell.top + cell.bottom) - (last.top + last.bottom)) / 2 > 0.15 * height + 1:
        return False
    step = _middle(cell) - _middle(last)
    if len(row) == 1:
        return 0.9 * width <= step <= 2.0 * width + 4
    pitch = _pitch(row)
    times = max(1, round(step / pitch))
    return times <= 3 and abs(step - times * pitch) <= 0.14 * pitch + 1


def _middle(cell: Span) -> float:
    return (cell.left + cell.right) / 2


def _pitch(row: list[Span]) -> float:
    steps = np.diff([_middle(cell) for cell in row])
    return float(np.median(steps / np.maximum(1, np.round(steps / steps.min()))))


def _completed(row: list[Span], lines: _Lines, digits: int) -> list[Span] | None:
    """The row with its missing cells, or None when it has not exactly `digits` of them."""
    if digits == 1:
        return row if len(row) == 1 else None
    if len(row) < max(2, math.ceil(LEAST_FOUND * digits)):
        return None
    pitch = _pitch(row)
    full = [row[0]]
    for cell in row[1:]:
        steps = round((_middle(cell) - _middle(full[-1])) / pitch)
        full += [_moved(full[-1], cell, k / steps) for k in range(1, steps)]
        full.append(cell)
    # The frame goes on where there is a cell's outline beyond the last one found, whatever is written across it.
    while len(full) <= digits and _support(before := _shifted(full[0], -pitch), lines) >= LEAST_SUPPORT:
        full.insert(0, before)
    while len(full) <= digits and _support(after := _shifted(full[-1], pitch), lines) >= LEAST_SUPPORT:
        full.append(after)
    return full if len(full) == digits else None


def _moved(a: Span, b: Span, share: float) -> Span:
    """The rectangle a share of the way from one to another."""
    corners = [p + share * (q - p) for p, q in zip(_corners(a), _corners(b), strict=True)]
    return Span(*corners)


def _corners(span: Span) -> tuple[float, float, float, float]:
    return span.left, span.top, span.right, span.bottom


def _shifted(cell: Span, dx: float) -> Span:
    return Span(cell.left + dx, cell.top, cell.right + dx, cell.bottom)


def _support(cell: Span, lines: _Lines) -> float:
    """Share of a cell's outline, its corners included, that lies on a line; the weakest side counts double."""
    left, top, right, bottom = (round(v) for v in _corners(cell))
    sides = [
        _cover(lines.vertical, left - 1, top, bottom),
        _cover(lines.vertical, right, top, bottom),
        _cover(lines.horizontal.T, top - 1, left, right),
        _cover(lines.horizontal.T, bottom, left, right),
    ]
    return (sum(sides) + min(sides)) / 5.0


def _cover(line: np.ndarray, at: int, start: int, stop: int) -> float:
    """Share of the rows start .. stop that have a line within 2 pixels of column `at`."""
    height, width = line.shape
    strip = line[max(0, start) : min(height, stop), max(0, at - 2) : min(width, at + 3)]
    return float(strip.any(axis=1).sum()) / max(1, stop - start) if strip.size else 0.0


def _same_place(row: list[Span], other: list[Span]) -> bool:
    near = 0.5 * row[0].height
    return abs(row[0].left - other[0].left) < near and abs(row[0].top - other[0].top) < near


def _row_field(upright: Upright, cells: list[Span], support: float) -> Field:
    height = float(np.median([cell.height for cell in cells]))
    across = MARGIN * height
    span = Span(
        min(cell.left for cell in cells),
        min(cell.top for cell in cells),
        max(cell.right for cell in cells),
        max(cell.bottom for cell in cells),
    ).grown(across, across, across, across)
    field = span_to_field(upright, span, "boxes", support)
    return Field(
        field.center, field.size, field.angle, "boxes", prior=support, cells=cells_in_field(upright, span, cells)
    )
