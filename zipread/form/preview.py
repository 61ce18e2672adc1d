"""The preview: a form's fields drawn on a picture of it."""

from __future__ import annotations

import cv2
import numpy as np

from zipread.form.place import Frame, map_points
from zipread.form.template import FormField
from zipread.records import Page

SIDE = 2000
"""Longest side of a preview, pixels."""
BOXED, FREE, WHITE = (200, 90, 0), (0, 130, 0), (255, 255, 255)  # blue, green, red


def draw_fields(
    page: Page,
    fields: tuple[FormField, ...],
    frames: tuple[Frame, ...],
    cells: tuple[tuple[Frame, ...], ...],
    to_page: np.ndarray,
) -> np.ndarray:
    """Draw where a form's fields lie on a page: blue with every box where boxed, green where free.

    Args:
        page: the picture.
        fields, frames, cells: of the form; boxes in pixels of the reference.
        to_page: (3, 3) map from the reference to the page, pixels.

    Returns:
        (h, w, 3) uint8, blue green red, no longer than SIDE.
    """
    scale = min(1.0, SIDE / max(page.gray.shape))
    gray = cv2.resize(page.gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else page.gray
    picture = cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR)
    scaled = np.diag([scale, scale, 1.0]) @ to_page
    for field, frame, boxes in zip(fields, frames, cells, strict=True):
        colour = BOXED if boxes else FREE
        for box in boxes:
            _outline(picture, box, scaled, colour, 1)
        corner = _outline(picture, frame, scaled, colour, 2)
        _label(picture, f"{field.name}: {field.digits}", corner, colour)
    return picture


def _outline(
    picture: np.ndarray, frame: Frame, to_picture: np.ndarray, colour: tuple[int, int, int], thickness: int
) -> tuple[int, int]:
    """Draw a box, in place, and return its upper left corner."""
    left, top, right, bottom = frame
    corners = map_points(to_picture, np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float64))
    points = np.rint(corners).astype(np.int32)
    cv2.polylines(picture, [points.reshape(-1, 1, 2)], True, colour, thickness, cv2.LINE_AA)
    return int(points[0, 0]), int(points[0, 1])


def _label(picture: np.ndarray, text: str, corner: tuple[int, int], colour: tuple[int, int, int]) -> None:
    shown = text.encode("ascii", "replace").decode()  # the only characters this font has
    (width, height), _ = cv2.getTextSize(shown, cv2.FONT_HERSHEY_SIMPLEX, 0.45, 1)
    x = max(0, min(corner[0], picture.shape[1] - width - 6))
    y = max(height + 8, corner[1] - 2)
    cv2.rectangle(picture, (x, y - height - 6), (x + width + 6, y), colour, cv2.FILLED)
    cv2.putText(picture, shown, (x + 3, y - 4), cv2.FONT_HERSHEY_SIMPLEX, 0.45, WHITE, 1, cv2.LINE_AA)
