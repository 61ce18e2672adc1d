"""The page turned upright at working scale, and the way back to pixels of the page."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from zipread.records import Box, CleanPage, Field, Layout

LEVEL_ENOUGH = 0.3
"""Skew that lines and frames bear without being turned, degrees."""
PARALLEL_ENOUGH = 2.0
"""Angle between opposite edges of a piece that lines bear without the perspective being undone, degrees."""
BACKGROUND = 0.15
"""Background kept around a piece whose perspective is undone, shares of its sides."""


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

    def overlaps(self, other: Span) -> bool:
        """Whether the two have more than an edge in common."""
        across = min(self.right, other.right) - max(self.left, other.left)
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        return across > 0 and down > 0


@dataclass(frozen=True, slots=True)
class Upright:
    """A page's ink with level text lines."""

    ink: np.ndarray  # (h, w) uint8, 255 ink / 0 paper
    to_page: np.ndarray  # (3, 3) float64, maps (x, y, 1) of this picture to pixels of the page, up to a factor
    angle: float  # degrees it was turned by, as CleanPage.angle
    to_piece: np.ndarray  # (3, 3) float64, maps (x, y, 1) to the mail piece: (0, 0) upper left .. (1, 1) lower right
    size: tuple[float, float]  # (width, height) of the piece, working pixels


def turn_upright(clean: CleanPage) -> Upright:
    """Turn the ink of a page level; the canvas grows so that nothing is cut off."""
    height, width = clean.ink.shape
    if abs(clean.angle) < LEVEL_ENOUGH:
        ink, to_working = clean.ink, np.eye(3)
    else:
        ink = turn_picture(clean.ink, clean.angle, 0, cv2.INTER_NEAREST)
        to_working = np.vstack([_turn(clean.angle, width, height)[0], [0, 0, 1]])
    to_page = np.diag([1.0 / clean.scale, 1.0 / clean.scale, 1.0]) @ to_working
    if clean.piece is None:
        size = (float(ink.shape[1]), float(ink.shape[0]))
        return Upright(ink, to_page, clean.angle, np.diag([1.0 / size[0], 1.0 / size[1], 1.0]), size)
    corners = cv2.perspectiveTransform(_from_upper_left(clean.piece, clean.angle)[None], np.linalg.inv(to_page))[0]
    return Upright(ink, to_page, clean.angle, _homography(corners, _UNIT_SQUARE), _sides(corners))


def flatten(clean: CleanPage) -> Upright:
    """Turn the ink of a page level and undo the perspective of a mail piece seen at a slant.

    Where the opposite edges of the piece are parallel this is `turn_upright`. Else the edges become a rectangle, with
    some of the background around it in case an edge was mistaken.
    """
    if clean.piece is None or not is_slanted(clean.piece):
        return turn_upright(clean)
    corners = _from_upper_left(clean.piece, clean.angle) * clean.scale
    width, height = (round(side) for side in _sides(corners))
    left, top = round(BACKGROUND * width), round(BACKGROUND * height)
    rectangle = _UNIT_SQUARE * [width, height] + [left, top]
    to_working = _homography(rectangle, corners)
    to_page = np.diag([1.0 / clean.scale, 1.0 / clean.scale, 1.0]) @ to_working
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])  # cv2 counts from pixel centres
    sampling = np.linalg.inv(half) @ to_working @ half
    flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    ink = cv2.warpPerspective(clean.ink, sampling, (width + 2 * left, height + 2 * top), flags=flags)
    edge = corners[1] - corners[0]
    angle = math.degrees(math.atan2(edge[1], edge[0]))
    return Upright(ink, to_page, angle, _homography(rectangle, _UNIT_SQUARE), (float(width), float(height)))


def turn_over(upright: Upright) -> Upright:
    """The page turned by half a circle: what stood on its head stands upright."""
    height, width = upright.ink.shape
    over = np.array([[-1.0, 0.0, width], [0.0, -1.0, height], [0.0, 0.0, 1.0]])
    piece_over = np.array([[-1.0, 0.0, 1.0], [0.0, -1.0, 1.0], [0.0, 0.0, 1.0]])
    angle = upright.angle - 180.0 if upright.angle > 0 else upright.angle + 180.0
    ink = cv2.rotate(upright.ink, cv2.ROTATE_180)
    return Upright(ink, upright.to_page @ over, angle, piece_over @ upright.to_piece @ over, upright.size)


_UNIT_SQUARE = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])


def _homography(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The map (3, 3) of four points (4, 2) to four others."""
    return np.asarray(cv2.getPerspectiveTransform(source.astype(np.float32), target.astype(np.float32)), np.float64)


def _sides(corners: np.ndarray) -> tuple[float, float]:
    """Mean width and height of a piece with these corners (4, 2)."""
    length = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    return float(length[0] + length[2]) / 2, float(length[1] + length[3]) / 2


def _from_upper_left(corners: np.ndarray, angle: float) -> np.ndarray:
    """Corners (4, 2), clockwise, so that the first edge runs along the text lines, at an angle in degrees."""
    along = np.array([math.cos(math.radians(angle)), math.sin(math.radians(angle))])
    edges = np.roll(corners, -1, axis=0) - corners
    first = int(np.argmax(edges @ along / np.linalg.norm(edges, axis=1)))
    return np.roll(corners, -first, axis=0)


def is_slanted(piece: np.ndarray) -> bool:
    """Whether a mail piece with these corners (4, 2) is seen at a slant that has to be undone."""
    edges = np.roll(piece, -1, axis=0) - piece
    angle = np.degrees(np.arctan2(edges[:, 1], edges[:, 0]))
    apart = (angle[:2] - angle[2:] + 360.0) % 360.0 - 180.0
    return bool(np.abs(apart).max() >= PARALLEL_ENOUGH)


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
    new_width = math.ceil(width * abs(cos) + height * abs(sin) - 1e-6)
    new_height = math.ceil(height * abs(cos) + width * abs(sin) - 1e-6)
    turn = np.array([[cos, -sin], [sin, cos]])
    offset = np.array([width / 2, height / 2]) - turn @ [new_width / 2, new_height / 2]
    return np.column_stack([turn, offset]), (float(new_width), float(new_height))


def span_to_field(upright: Upright, span: Span, layout: Layout, prior: float, tilt: float = 0.0) -> Field:
    """A Field for a rectangle of the upright page; `tilt` (degrees) turns it about its centre.

    Under perspective the field is the rectangle that fits best at its centre: a field is small, so that what it
    leaves out is a slant of its digits, which reading bears.
    """
    center, along, across = _around(upright, (span.left + span.right) / 2, (span.top + span.bottom) / 2)
    angle = math.degrees(math.atan2(along[1], along[0])) + tilt
    height = abs(along[0] * across[1] - along[1] * across[0]) / math.hypot(*along)
    size = (span.width * math.hypot(*along), span.height * height)
    return Field((float(center[0]), float(center[1])), size, angle, layout, prior=prior)


def cells_in_field(upright: Upright, span: Span, cells: list[Span]) -> tuple[Box, ...]:
    """Cells of the upright page as boxes of the field's own frame, pixels of the page."""
    _, along, _ = _around(upright, (span.left + span.right) / 2, (span.top + span.bottom) / 2)
    scale = 1.0 / math.hypot(*along)
    boxes = []
    for cell in cells:
        left, top = round((cell.left - span.left) / scale), round((cell.top - span.top) / scale)
        right, bottom = round((cell.right - span.left) / scale), round((cell.bottom - span.top) / scale)
        boxes.append(Box(left, top, max(1, right - left), max(1, bottom - top)))
    return tuple(boxes)


def _around(upright: Upright, x: float, y: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A point of the upright page as pixels of the page, and how far one pixel right and one down lead there."""
    u, v, w = upright.to_page @ [x, y, 1.0]
    point = np.array([u, v]) / w
    slope = (upright.to_page[:2, :2] - np.outer(point, upright.to_page[2, :2])) / w
    return point, slope[:, 0], slope[:, 1]
