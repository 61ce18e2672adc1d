"""The page turned upright at working scale, and the way back to pixels of the page."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from zipread.records import Box, CleanPage, Field, Layout

LEVEL_ENOUGH = 0.3
"""Skew that lines and frames bear without being turned, degrees."""


@dataclass(frozen=True, slots=True)
class Span:
    """An upright rectangle of the upright page, in working pixels with fractions."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """Extent along x."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Extent along y."""
        return self.bottom - self.top

    def grown(self, left: float, top: float, right: float, bottom: float) -> Span:
        """The rectangle moved outwards on each side by its own amount."""
        return Span(self.left - left, self.top - top, self.right + right, self.bottom + bottom)


@dataclass(frozen=True, slots=True)
class Upright:
    """A page's ink with level text lines."""

    ink: np.ndarray  # (h, w) uint8, 255 ink / 0 paper
    to_page: np.ndarray  # (2, 3) float64, maps (x, y, 1) of this picture to pixels of the page
    angle: float  # degrees it was turned by, as CleanPage.angle
    page_size: tuple[float, float]  # (width, height) of the page in working pixels


def turn_upright(clean: CleanPage) -> Upright:
    """Turn the ink of a page level; the canvas grows so that nothing is cut off."""
    height, width = clean.ink.shape
    size = (float(width), float(height))
    if abs(clean.angle) < LEVEL_ENOUGH:
        to_page = np.array([[1.0 / clean.scale, 0.0, 0.0], [0.0, 1.0 / clean.scale, 0.0]])
        return Upright(clean.ink, to_page, 0.0, size)
    back, new_size = _turn(clean.angle, width, height)
    return Upright(
        turn_picture(clean.ink, clean.angle, 0, cv2.INTER_NEAREST), back / clean.scale, clean.angle, new_size
    )


def turn_picture(picture: np.ndarray, angle: float, fill: int, interpolation: int) -> np.ndarray:
    """Turn a picture (h, w) uint8 level, `angle` as CleanPage.angle, `interpolation` as in cv2."""
    height, width = picture.shape
    back, (new_width, new_height) = _turn(angle, width, height)
    matrix = back.copy()
    matrix[:, 2] += matrix[:, :2] @ [0.5, 0.5] - 0.5  # cv2 counts from pixel centres
    flags = interpolation | cv2.WARP_INVERSE_MAP
    new_shape = (int(new_width), int(new_height))
    return cv2.warpAffine(picture, matrix, new_shape, flags=flags, borderValue=fill)


def _turn(angle: float, width: int, height: int) -> tuple[np.ndarray, tuple[float, float]]:
    """Map (2, 3) from the turned canvas to the picture, and the canvas' (width, height)."""
    radians = math.radians(angle)
    cos, sin = math.cos(radians), math.sin(radians)
    new_width = math.ceil(width * cos + height * abs(sin))
    new_height = math.ceil(height * cos + width * abs(sin))
    turn = np.array([[cos, -sin], [sin, cos]])
    offset = np.array([width / 2, height / 2]) - turn @ [new_width / 2, new_height / 2]
    return np.column_stack([turn, offset]), (float(new_width), float(new_height))


def span_to_field(upright: Upright, span: Span, layout: Layout, prior: float, tilt: float = 0.0) -> Field:
    """A Field for a rectangle of the upright page; `tilt` (degrees) turns it about its centre."""
    scale = 1.0 / math.hypot(upright.to_page[0, 0], upright.to_page[1, 0])
    middle = np.array([(span.left + span.right) / 2, (span.top + span.bottom) / 2, 1.0])
    x, y = upright.to_page @ middle
    size = (span.width / scale, span.height / scale)
    return Field((float(x), float(y)), size, upright.angle + tilt, layout, prior=prior)


def cells_in_field(upright: Upright, span: Span, cells: list[Span]) -> tuple[Box, ...]:
    """Cells of the upright page as boxes of the field's own frame, pixels of the page."""
    scale = 1.0 / math.hypot(upright.to_page[0, 0], upright.to_page[1, 0])
    boxes = []
    for cell in cells:
        left, top = round((cell.left - span.left) / scale), round((cell.top - span.top) / scale)
        right, bottom = round((cell.right - span.left) / scale), round((cell.bottom - span.top) / scale)
        boxes.append(Box(left, top, max(1, right - left), max(1, bottom - top)))
    return tuple(boxes)
