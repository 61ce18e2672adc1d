"""The debug picture: a page with what was found on it, the digits as the classifier saw them, and why they won."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path, PurePath

import cv2
import numpy as np

from zipread.records import NOT_A_DIGIT, Corners, Digit, Place, Reading, Search

MIN_SIDE, MAX_SIDE = 900, 2_000
"""Pixels: a page is enlarged or reduced until its longer side lies between these."""

TILE = 84
"""Side of a digit in the strip, pixels: 28 enlarged three times."""

MARGIN = 8
CAPTION = 22  # height of a line of text, pixels

Colour = tuple[int, int, int]
"""Blue, green, red."""

GREEN, ORANGE, GRAY, RED, BLUE, BLACK, WHITE = (
    (0, 140, 0),
    (0, 120, 230),
    (130, 130, 130),
    (0, 0, 200),
    (220, 120, 0),
    (0, 0, 0),
    (255, 255, 255),
)
PIECE, BLOCK, PLACE, UNREAD = (150, 130, 0), (0, 150, 190), (190, 0, 170), (205, 140, 200)  # teal, gold, magenta, pink
LINE_TINT = (0.78, 1.0, 1.0)  # what a text line leaves of the paper's colour: ink stays as dark as it is
STATUS_COLOURS = {"accepted": GREEN, "review": ORANGE, "blank": GRAY, "error": RED}


COLUMNS = (30, 110, 270, 430, 520)
"""Where the columns of the table of places begin after the first, pixels."""


def overlay(gray: np.ndarray, readings: Sequence[Reading], search: Search | None = None) -> np.ndarray:
    """Draw the readings of one page.

    `gray` is the page, (H, W) uint8; `search` is what was considered on it. Returns (h, w, 3) uint8, blue green red:
    the page at a viewing size with the outline of every field, the boxes of its digits, code, confidence and status,
    the mail piece, text lines, blocks, and the places that lost; below it, per reading, the 28x28 digits exactly as
    classified, each with its two best guesses; and a table of the places with what spoke for each.
    """
    search = search or Search()
    page = _draw_page(gray, readings, search)
    strips = [_strip(reading) for reading in readings]
    parts = [page, *strips, *([_table(search, bool(readings[0].code))] if search.places else [])]
    width = max(part.shape[1] for part in parts)
    return np.vstack([_widen(part, width) for part in parts])


def picture_name(path: str, page: int) -> PurePath:
    """Return where the debug picture of a page goes, below the debug folder: as the input lies below this one.

    What lies elsewhere goes below `-elsewhere` with its whole path, so no two inputs share a name.
    """
    if path == "-":
        return PurePath(f"-stdin-p{page}.png")
    full = Path(os.path.abspath(path))
    here = Path.cwd()
    place = full.relative_to(here) if full.is_relative_to(here) else PurePath("-elsewhere", *full.parts[1:])
    return place.with_name(f"{place.name}-p{page}.png")


def _draw_page(gray: np.ndarray, readings: Sequence[Reading], search: Search) -> np.ndarray:
    longer = max(gray.shape)
    scale = min(MAX_SIDE / longer, max(1.0, MIN_SIDE / longer))
    size = tuple(max(1, round(side * scale)) for side in gray.shape[::-1])
    resized = cv2.resize(gray, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST)
    picture = cv2.cvtColor(resized, cv2.COLOR_GRAY2BGR)
    _draw_search(picture, search, scale, won=any(reading.code for reading in readings))
    for reading in readings:
        colour = STATUS_COLOURS[reading.status]
        for digit in reading.digits:
            _polygon(picture, digit.box, scale, BLUE, 1)
        outline = reading.outline or _corners(reading)
        _polygon(picture, outline, scale, colour, 2)
        if outline:
            left, top = (min(corner[axis] for corner in outline) * scale for axis in (0, 1))
            bottom = max(corner[1] for corner in outline) * scale
            # A code mostly ends its address: below it nothing is hidden.
            beside = bottom + CAPTION if bottom + CAPTION + MARGIN < len(picture) else top - MARGIN
            _label(picture, caption(reading), (round(left), round(beside)), colour)
    return picture


def _draw_search(picture: np.ndarray, search: Search, scale: float, won: bool) -> None:
    """Draw the mail piece, the text and the numbered places; the first place only where it has not `won`."""
    mask = np.zeros(picture.shape[:2], np.uint8)
    for line in search.lines:
        cv2.fillConvexPoly(mask, _points(line, scale), 255)
    picture[mask > 0] = np.rint(picture[mask > 0] * LINE_TINT).astype(np.uint8)
    for block in search.blocks:
        _polygon(picture, block, scale, BLOCK, 1)
    _polygon(picture, search.piece, scale, PIECE, 2)
    lost = list(enumerate(search.places, 1))[won:]
    for _, place in reversed(lost):
        _polygon(picture, place.outline, scale, _colour(place), 1)
    taken: list[tuple[int, int]] = []
    for number, place in lost:
        at = _free_corner(_points(place.outline, scale), taken)
        taken.append(at)
        _text(picture, str(number), at, _colour(place))


def _colour(place: Place) -> Colour:
    return UNREAD if place.confidence is None else PLACE


def _free_corner(points: np.ndarray, taken: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """Where a place's number stands: above its left end, or where that is taken, around it."""
    (left, top), (right, bottom) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    corners = [(x, y) for y in (top - 3, bottom + 15) for x in (left, right - 10)]
    free = [at for at in corners if all(abs(at[0] - x) > 18 or abs(at[1] - y) > 14 for x, y in taken)]
    return (free or corners)[0]


def caption(reading: Reading) -> str:
    """Return the one line that sums a reading up: field, code, confidence, status, message."""
    code = f"{reading.code}-{reading.plus4}" if reading.plus4 else reading.code
    parts = [f"{reading.field}:" if reading.field else "", code, f"{reading.confidence:.3f}" if code else ""]
    return " ".join(part for part in (*parts, reading.status, reading.message) if part)


def guesses(digit: Digit) -> list[str]:
    """Return the two most probable classes, as `7 0.98`; `x` is "not one digit"."""
    best = np.argsort(-digit.scores, kind="stable")[:2]
    return [f"{'x' if index == NOT_A_DIGIT else index} {digit.scores[index]:.2f}" for index in best]


def _strip(reading: Reading) -> np.ndarray:
    """Draw one reading's digits side by side, captioned."""
    count = len(reading.digits)
    width = max(MARGIN + count * (TILE + MARGIN), 2 * MARGIN + _text_width(caption(reading)))
    height = CAPTION + MARGIN + (TILE + 2 * CAPTION if count else 0)
    picture = np.full((height, width, 3), WHITE, np.uint8)
    _text(picture, caption(reading), (MARGIN, CAPTION - 5), STATUS_COLOURS[reading.status])
    for index, digit in enumerate(reading.digits):
        x = MARGIN + index * (TILE + MARGIN)
        tile = cv2.resize(digit.image, (TILE, TILE), interpolation=cv2.INTER_NEAREST)
        picture[CAPTION : CAPTION + TILE, x : x + TILE] = tile[..., np.newaxis]
        for line, guess in enumerate(guesses(digit)):
            _text(picture, guess, (x, CAPTION + TILE + 16 + line * CAPTION), BLACK if line == 0 else GRAY)
    return picture


def reasons(search: Search, won: bool) -> list[tuple[str, ...]]:
    """Return a row for every place: number, code, log-odds of the place, of its reading, their sum, a remark.

    The first place has `won`, or there is no code on the page.
    """
    unread = next((place for place in search.places if place.confidence is None), None)
    rows: list[tuple[str, ...]] = []
    for number, place in enumerate(search.places, 1):
        prior = f"{place.prior:+.2f} ({1.0 / (1.0 + np.exp(-place.prior)):.1%})"
        if place.confidence is None:
            rows.append(
                (str(number), "", prior, "", "", "from here on not read: too far behind" if place is unread else "")
            )
        elif not place.code:
            rows.append((str(number), "", prior, "", "", "no code reads here"))
        else:
            reading = f"{place.merit - place.prior:+.2f} ({place.confidence:.1%})"
            chosen = "" if number > 1 else "chosen: the greatest sum" if won else "the greatest sum, but too doubtful"
            behind = f"behind {place.before}" if place.before else ""
            remark = "; ".join(filter(None, (chosen, behind)))
            rows.append((str(number), place.code, prior, reading, f"{place.merit:+.2f}", remark))
    return rows


def _table(search: Search, won: bool) -> np.ndarray:
    """Draw the reasons, and below them what the colours on the page are."""
    head = ("", "reads", "place", "+ reading", "= sum", "(log-odds, a reading's bounded; in brackets probabilities)")
    rows: list[tuple[tuple[str, ...], Colour]] = [(head, GRAY)]
    for place, row in zip(search.places, reasons(search, won), strict=True):
        rows.append((row, BLACK if won and place is search.places[0] else _colour(place)))
    legend = [
        ("mail piece", PIECE, search.piece),
        ("text lines in blocks", BLOCK, search.lines),
        ("other places", PLACE, search.places[won:]),
    ]
    width = 2 * MARGIN + COLUMNS[-1] + max(_text_width(row[-1]) for row, _ in rows)
    picture = np.full(((len(rows) + 1) * CAPTION + MARGIN, width, 3), WHITE, np.uint8)
    for line, (row, colour) in enumerate(rows, 1):
        for x, cell in zip((0, *COLUMNS), row, strict=True):
            _text(picture, cell, (MARGIN + x, line * CAPTION), colour)
    x = MARGIN
    for name, colour, shown in legend:
        if shown:
            _text(picture, name, (x, (len(rows) + 1) * CAPTION), colour)
            x += _text_width(name) + 2 * MARGIN
    return picture


def _corners(reading: Reading) -> Corners:
    box = reading.box
    return () if box is None else ((box.x, box.y), (box.right, box.y), (box.right, box.bottom), (box.x, box.bottom))


def _polygon(picture: np.ndarray, corners: Corners, scale: float, colour: Colour, width: int) -> None:
    if corners:
        cv2.polylines(picture, [_points(corners, scale)], True, colour, width, cv2.LINE_AA)


def _points(corners: Corners, scale: float) -> np.ndarray:
    """Corners as pixels of the picture, (n, 2) int32."""
    return np.rint(np.asarray(corners, dtype=np.float64) * scale).astype(np.int32)


def _label(picture: np.ndarray, text: str, at: tuple[int, int], colour: Colour) -> None:
    """Write white on a patch of `colour`, moved so that it lies inside the picture."""
    height, width = picture.shape[:2]
    x = max(0, min(at[0], width - _text_width(text) - MARGIN))
    y = max(CAPTION, min(at[1], height - MARGIN))
    patch = (x, y - CAPTION + 5), (x + _text_width(text) + MARGIN, y + 5)
    cv2.rectangle(picture, *patch, colour, cv2.FILLED)
    _text(picture, text, (x + MARGIN // 2, y - 1), WHITE)


def _text(picture: np.ndarray, text: str, at: tuple[int, int], colour: Colour) -> None:
    shown = text.encode("ascii", "replace").decode()  # the only characters this font has
    cv2.putText(picture, shown, at, cv2.FONT_HERSHEY_SIMPLEX, 0.5, colour, 1, cv2.LINE_AA)


def _text_width(text: str) -> int:
    (width, _), _ = cv2.getTextSize(text.encode("ascii", "replace").decode(), cv2.FONT_HERSHEY_SIMPLEX, 0.5, 1)
    return int(width)


def _widen(picture: np.ndarray, width: int) -> np.ndarray:
    return cv2.copyMakeBorder(picture, 0, 0, 0, width - picture.shape[1], cv2.BORDER_CONSTANT, value=WHITE)
