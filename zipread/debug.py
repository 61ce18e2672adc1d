"""The debug picture: a page with what was found on it, and the digits as the classifier saw them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path, PurePath

import cv2
import numpy as np

from zipread.records import NOT_A_DIGIT, Digit, Reading

MIN_SIDE, MAX_SIDE = 900, 2_000
"""Pixels: a page is enlarged or reduced until its longer side lies between these."""

TILE = 84
"""Side of a digit in the strip, pixels: 28 enlarged three times."""

MARGIN = 8
CAPTION = 22  # height of a line of text, pixels

GREEN, ORANGE, GRAY, RED, BLUE, BLACK, WHITE = (
    (0, 140, 0),
    (0, 120, 230),
    (130, 130, 130),
    (0, 0, 200),
    (220, 120, 0),
    (0, 0, 0),
    (255, 255, 255),
)
STATUS_COLOURS = {"accepted": GREEN, "review": ORANGE, "blank": GRAY, "error": RED}


def overlay(gray: np.ndarray, readings: Sequence[Reading]) -> np.ndarray:
    """Draw the readings of one page.

    `gray` is the page, (H, W) uint8. Returns (h, w, 3) uint8, blue green red: the page at a viewing size with the
    outline of every field, the boxes of its digits, code, confidence and status; below it, per reading, the 28x28
    digits exactly as classified, each with its two best guesses.
    """
    page = _draw_page(gray, readings)
    strips = [_strip(reading) for reading in readings]
    width = max(part.shape[1] for part in (page, *strips))
    return np.vstack([_widen(part, width) for part in (page, *strips)])


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


def _draw_page(gray: np.ndarray, readings: Sequence[Reading]) -> np.ndarray:
    longer = max(gray.shape)
    scale = min(MAX_SIDE / longer, max(1.0, MIN_SIDE / longer))
    size = tuple(max(1, round(side * scale)) for side in gray.shape[::-1])
    resized = cv2.resize(gray, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST)
    picture = cv2.cvtColor(resized, cv2.COLOR_GRAY2BGR)
    for reading in readings:
        colour = STATUS_COLOURS[reading.status]
        for digit in reading.digits:
            _polygon(picture, digit.box, scale, BLUE, 1)
        outline = reading.outline or _corners(reading)
        _polygon(picture, outline, scale, colour, 2)
        if outline:
            left, top = (min(corner[axis] for corner in outline) * scale for axis in (0, 1))
            bottom = max(corner[1] for corner in outline) * scale
            above = top - MARGIN if top > CAPTION else bottom + CAPTION
            _label(picture, caption(reading), (round(left), round(above)), colour)
    return picture


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


def _corners(reading: Reading) -> tuple[tuple[float, float], ...]:
    box = reading.box
    return () if box is None else ((box.x, box.y), (box.right, box.y), (box.right, box.bottom), (box.x, box.bottom))


def _polygon(
    picture: np.ndarray, corners: Sequence[tuple[float, float]], scale: float, colour: tuple[int, int, int], width: int
) -> None:
    if corners:
        points = np.rint(np.asarray(corners, dtype=np.float64) * scale).astype(np.int32)
        cv2.polylines(picture, [points.reshape(-1, 1, 2)], True, colour, width, cv2.LINE_AA)


def _label(picture: np.ndarray, text: str, at: tuple[int, int], colour: tuple[int, int, int]) -> None:
    """Write white on a patch of `colour`, moved so that it lies inside the picture."""
    height, width = picture.shape[:2]
    x = max(0, min(at[0], width - _text_width(text) - MARGIN))
    y = max(CAPTION, min(at[1], height - MARGIN))
    patch = (x, y - CAPTION + 5), (x + _text_width(text) + MARGIN, y + 5)
    cv2.rectangle(picture, *patch, colour, cv2.FILLED)
    _text(picture, text, (x + MARGIN // 2, y - 1), WHITE)


def _text(picture: np.ndarray, text: str, at: tuple[int, int], colour: tuple[int, int, int]) -> None:
    shown = text.encode("ascii", "replace").decode()  # the only characters this font has
    cv2.putText(picture, shown, at, cv2.FONT_HERSHEY_SIMPLEX, 0.5, colour, 1, cv2.LINE_AA)


def _text_width(text: str) -> int:
    (width, _), _ = cv2.getTextSize(text.encode("ascii", "replace").decode(), cv2.FONT_HERSHEY_SIMPLEX, 0.5, 1)
    return int(width)


def _widen(picture: np.ndarray, width: int) -> np.ndarray:
    return cv2.copyMakeBorder(picture, 0, 0, 0, width - picture.shape[1], cv2.BORDER_CONSTANT, value=WHITE)
