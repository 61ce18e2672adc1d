"""Fields proposed for a form: the rows of boxes, the combs and the long frames on its reference picture."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from zipread.form.template import FormField
from zipread.locate.combs import find_combs
from zipread.locate.frames import CELL_SIZE, support
from zipread.locate.straight import Lines, thin_lines
from zipread.locate.upright import Span
from zipread.records import Page
from zipread.settings import MAX_DIGITS

SIDE = 1600
"""Longest side of the picture searched, pixels."""
GAP = 9
"""Gaps closed in the lines of a frame, pixels: their corners, and where writing crosses them."""
LEAST_RECTANGLE = 0.6
"""Share of its upright rectangle that the inside of a frame fills: writing may stand on its lines."""
LEAST_OUTLINE = 0.9
"""Share of a frame's outline that must be straight lines; what letters enclose has less."""
HIDDEN_OUTLINE = 0.7
"""The same for a box at the end of a row of which a dark area hides a wall."""
BRIGHT = 0.7
"""Least gray of the paper in such a box, shares of the picture's: the dark area is not a box itself."""
DARK_WALL, LEAST_WALL = 0.6, 0.85
"""Such a wall is darker than this share of the paper, over at least this share of its height."""
ALIKE = 0.15
"""Difference of size and height between the boxes of one row, box sizes."""
WIDEST_GAP = 0.9
"""Widest gap between neighbouring boxes, box widths."""
BOX_ASPECT = (0.35, 1.7)
"""Least and greatest width of a box for one digit over its height."""
FRAME_ASPECT = (1.25, 9.0)
"""Least and greatest width of a frame for a number over its height."""
LOWEST, TALLEST = 0.013, 0.07
"""Least and greatest height of a box or a frame, shares of the picture's longer side; letters are lower."""
DIGIT_WIDTH = 0.67
"""Room for one digit in a frame without divisions, frame heights: so the number of digits is guessed."""
CLEAR_COMB = 0.95
"""Share of its base line that a comb must have: a table's lines make combs by chance."""


def propose_fields(reference: Page) -> tuple[FormField, ...]:
    """Propose the fields of a form, in reading order, for a person to name and correct.

    Rows of alike boxes become boxed fields with a digit for each; combs likewise; a frame that is too long for one
    digit becomes a free field, with as many digits as it has room for. Boxes are found by their lines.
    """
    height, width = reference.gray.shape
    scale = min(1.0, SIDE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    gray = cv2.resize(reference.gray, size, interpolation=cv2.INTER_AREA)
    if min(gray.shape) < 2 * CELL_SIZE[0]:
        return ()
    lines = thin_lines(gray)
    found: list[tuple[Span, int, bool]] = []  # box, digits, whether it is a row of boxes
    frames = _frames(lines)
    rows = _rows(frames)
    in_rows = {id(frame) for row in rows for frame in row}
    rows = [_completed(row, lines) for row in rows]
    found += [(_around(row), len(row), True) for row in rows if len(row) <= MAX_DIGITS]
    for digits in range(MAX_DIGITS, 1, -1):
        for comb in find_combs(lines, digits):
            cells = list(comb.cells)
            taken = [box for box, *_ in found] + [frame for frame in frames if frame.width > frame.height]
            if comb.clearness >= CLEAR_COMB and not any(_around(cells).overlaps(box) for box in taken):
                found.append((_around(cells), digits, True))
    for frame in frames:
        digits = round(frame.width / (DIGIT_WIDTH * frame.height))
        if id(frame) not in in_rows and FRAME_ASPECT[0] <= frame.width / frame.height <= FRAME_ASPECT[1]:
            found.append((frame, min(digits, MAX_DIGITS), False))
    return tuple(
        FormField(
            f"field-{number}",
            (box.left / size[0], box.top / size[1], box.width / size[0], box.height / size[1]),
            digits,
            "boxed" if boxed else "free",
        )
        for number, (box, digits, boxed) in enumerate(_in_reading_order(found), start=1)
    )


def _frames(lines: Lines) -> list[Span]:
    """The upright rectangles that lines enclose, of the height that digits are written in."""
    walls = cv2.morphologyEx(lines.vertical, cv2.MORPH_CLOSE, np.ones((GAP, 1), np.uint8))
    floors = cv2.morphologyEx(lines.horizontal, cv2.MORPH_CLOSE, np.ones((1, GAP), np.uint8))
    shortest = round(LOWEST * max(walls.shape))
    walls = cv2.morphologyEx(walls, cv2.MORPH_OPEN, np.ones((shortest, 1), np.uint8))
    floors = cv2.morphologyEx(floors, cv2.MORPH_OPEN, np.ones((1, shortest), np.uint8))
    frame = cv2.bitwise_or(
        cv2.dilate(walls, np.ones((GAP, 1), np.uint8)), cv2.dilate(floors, np.ones((1, GAP), np.uint8))
    )
    contours, hierarchy = cv2.findContours(frame, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    tallest = TALLEST * max(frame.shape)
    found = []
    for index, contour in enumerate(contours):
        if hierarchy[0, index, 3] < 0:  # only a hole has a parent
            continue
        x, y, w, h = cv2.boundingRect(contour)
        if min(w, h) <= max(CELL_SIZE[0], shortest) or h > tallest:
            continue
        if cv2.contourArea(contour) >= LEAST_RECTANGLE * (w - 1) * (h - 1) and w >= BOX_ASPECT[0] * h:
            found.append(Span(x, y, x + w, y + h))
    if not found:
        return []
    # A hole's contour runs on the frame's own pixels.
    insides = np.array([(f.left + 1, f.top + 1, f.right - 1, f.bottom - 1) for f in found], np.float64)
    clear = support(insides, lines) >= LEAST_OUTLINE
    return [frame for frame, good in zip(found, clear, strict=True) if good]


def _rows(frames: Sequence[Span]) -> list[list[Span]]:
    """Runs of at least two alike boxes side by side, left to right."""
    boxes = [f for f in frames if BOX_ASPECT[0] * f.height <= f.width <= BOX_ASPECT[1] * f.height]
    rows: list[list[Span]] = []
    for box in sorted(boxes, key=lambda b: b.left):
        for row in rows:
            if _continues(row, box):
                row.append(box)
                break
        else:
            rows.append([box])
    return [row for row in rows if len(row) > 1]


def _continues(row: list[Span], box: Span) -> bool:
    """Whether a box is the next one of a row: alike, level with it, and at its pitch."""
    last = row[-1]
    slack_x, slack_y = ALIKE * last.width + 2, ALIKE * last.height + 2
    alike = abs(box.width - last.width) <= slack_x and abs(box.height - last.height) <= slack_y
    level = abs(box.top - last.top) <= slack_y and abs(box.bottom - last.bottom) <= slack_y
    gap = box.left - last.right
    near = -slack_x <= gap <= WIDEST_GAP * last.width
    if len(row) > 1:
        near = near and abs(gap - (last.left - row[-2].right)) <= slack_x
    return alike and level and near


def _completed(row: list[Span], lines: Lines) -> list[Span]:
    """A row with the boxes at its ends that a dark area beside them hides: they have walls, but not all their lines."""
    pitch = (row[-1].left - row[0].left) / (len(row) - 1)
    while len(row) < MAX_DIGITS:
        ends = ((0, _moved(row[0], -pitch)), (len(row), _moved(row[-1], pitch)))
        more = [(at, box) for at, box in ends if _is_box(box, lines)]
        if not more:
            break
        row = [*row[: more[0][0]], more[0][1], *row[more[0][0] :]]
    return row


def _moved(box: Span, by: float) -> Span:
    return Span(box.left + by, box.top, box.right + by, box.bottom)


def _is_box(box: Span, lines: Lines) -> bool:
    """Whether most of a box's outline is line, and both its sides are dark from top to foot."""
    outline = float(support(np.array([(box.left, box.top, box.right, box.bottom)], np.float64), lines)[0])
    left, top, right, bottom = round(box.left), round(box.top), round(box.right), round(box.bottom)
    inside = lines.gray[max(0, top) : bottom, max(0, left) : right]
    if outline < HIDDEN_OUTLINE or left < 0 or not inside.size:
        return False
    paper = float(np.median(inside))
    if paper < BRIGHT * float(np.median(lines.gray)):
        return False
    sides = (lines.gray[max(0, top) : bottom, max(0, at - 3) : at + 4] for at in (left, right))
    return all(side.size and np.mean(side.min(axis=1) < DARK_WALL * paper) >= LEAST_WALL for side in sides)


def _around(cells: Sequence[Span]) -> Span:
    return Span(
        min(c.left for c in cells), min(c.top for c in cells), max(c.right for c in cells), max(c.bottom for c in cells)
    )


def _in_reading_order(found: list[tuple[Span, int, bool]]) -> list[tuple[Span, int, bool]]:
    """Fields line by line: two stand on one line when they share most of their height."""
    ordered: list[tuple[Span, int, bool]] = []
    rest = sorted(found, key=lambda entry: entry[0].top)
    while rest:
        first = rest[0][0]
        line = [e for e in rest if (e[0].top + e[0].bottom) / 2 <= max(first.bottom, first.top + 1)]
        ordered += sorted(line, key=lambda entry: entry[0].left)
        rest = [entry for entry in rest if entry not in line]
    return ordered
