"""A form's fields on a page: each cut out upright through the registration's map, with its printed boxes."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np

from zipread.errors import InputError
from zipread.form.frame import clear_frame
from zipread.form.register import to_pixel_centres
from zipread.form.template import FormField
from zipread.locate.boxes import find_rows
from zipread.locate.upright import turn_upright
from zipread.records import NOT_A_DIGIT, Box, CleanPage, Digit, Field, Page, Reading

MARGIN = 0.25
"""Paper kept around a field for digits that leave it, shares of its shorter side."""
LEAST_INSIDE = 0.95
"""Share of a field that must lie inside the picture."""
SAME_PLACE = 0.3
"""How far a row of printed boxes may be from a field's box on any side, shares of the field's height."""
LEAST_ODDS = 6.0
"""How many times as probable as no digit at all a digit in a box must be."""
CLEAR_ROW = 0.85
"""Clearness (0 to 1) from which a row of boxes found on the reference is believed."""

Frame = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels of the reference, with fractions."""


@dataclass(frozen=True, slots=True)
class PlacedField:
    """A field cut out of a page, as a small page of its own."""

    cut: Page  # upright, at the page's resolution
    field: Field  # in pixels of `cut`
    to_page: np.ndarray  # (3, 3) float64, maps (x, y, 1) of the cut to the page, pixels


def find_frames(reference: Page, field: FormField) -> tuple[Frame, ...]:
    """The printed boxes of a boxed field, left to right, pixels of the reference; none for a free field.

    As they are found on the reference; where they are not, the field's box is divided evenly.
    """
    if field.layout == "free":
        return ()
    left, top, right, bottom = frame_of(field, (reference.gray.shape[1], reference.gray.shape[0]))
    margin = 2 * MARGIN * min(bottom - top, right - left)
    x, y = max(0, math.floor(left - margin)), max(0, math.floor(top - margin))
    cut = Page(reference.gray[y : math.ceil(bottom + margin), x : math.ceil(right + margin)])
    slack = SAME_PLACE * (bottom - top)
    for row in _level_rows(cut, field.digits):
        frames = tuple((b[0] + x, b[1] + y, b[2] + x, b[3] + y) for b in row)
        outer = (frames[0][0], min(f[1] for f in frames), frames[-1][2], max(f[3] for f in frames))
        if max(abs(a - b) for a, b in zip(outer, (left, top, right, bottom), strict=True)) <= slack:
            return frames
    width = (right - left) / field.digits
    return tuple((left + i * width, top, left + (i + 1) * width, bottom) for i in range(field.digits))


def _level_rows(cut: Page, digits: int) -> list[list[Frame]]:
    """Clear rows of exactly `digits` boxes in an upright picture, pixels of it."""
    no_ink = np.zeros_like(cut.gray)  # rows are found by their lines
    clean = CleanPage(cut.gray, no_ink, scale=1.0, angle=0.0)
    rows = []
    for found in find_rows(clean, turn_upright(clean), digits, max(cut.gray.shape)):
        if found.prior < CLEAR_ROW or abs(found.angle) > 1.0:
            continue
        x, y = found.center[0] - found.size[0] / 2, found.center[1] - found.size[1] / 2
        rows.append([(c.x + x, c.y + y, c.right + x, c.bottom + y) for c in found.cells])
    return rows


def frame_of(field: FormField, size: tuple[int, int]) -> Frame:
    """A field's box in pixels of a reference of this size (width, height)."""
    left, top, width, height = field.box
    return left * size[0], top * size[1], (left + width) * size[0], (top + height) * size[1]


def place_field(
    page: Page, field: FormField, frame: Frame, cells: tuple[Frame, ...], to_page: np.ndarray
) -> PlacedField:
    """Cut a field out of a page and clear it of what is printed around it.

    Args:
        page: the filled page.
        field: what is to be cut out.
        frame: its box, pixels of the reference.
        cells: its printed boxes, pixels of the reference; none for a free field.
        to_page: (3, 3) map from the reference to the page, pixels.

    Raises:
        InputError: the field lies outside the picture.
    """
    left, top, right, bottom = frame
    margin = MARGIN * min(right - left, bottom - top)
    scale = _scale_at(to_page, (left + right) / 2, (top + bottom) / 2)
    corner = np.floor([left - margin, top - margin])
    to_reference = np.array([[1 / scale, 0, corner[0]], [0, 1 / scale, corner[1]], [0, 0, 1]], np.float64)
    size = (math.ceil((right + margin - corner[0]) * scale), math.ceil((bottom + margin - corner[1]) * scale))
    cut_to_page = to_page @ to_reference
    boxes = [_box(one, corner, scale) for one in (frame, *cells)]
    if _share_inside(map_points(to_page, _grid(frame)), page) < LEAST_INSIDE:
        raise InputError("the field lies outside the picture")
    gray = _cut(page.gray, cut_to_page, size)
    cleared, place = clear_frame(gray, boxes[0], tuple(boxes[1:]))
    if cells:
        place = Box(0, 0, size[0], size[1])
    here = Field(
        (place.x + place.width / 2, place.y + place.height / 2),
        (float(place.width), float(place.height)),
        0.0,
        "boxes" if cells else "field",
        name=field.name,
        cells=tuple(boxes[1:]),
    )
    return PlacedField(Page(cleared, page.number), here, cut_to_page)


def _scale_at(to_page: np.ndarray, x: float, y: float) -> float:
    """Pixels of the page per pixel of the reference around a point of the reference."""
    middle, aside, below = map_points(to_page, np.array([(x, y), (x + 1, y), (x, y + 1)], np.float64))
    (a, b), (c, d) = aside - middle, below - middle
    return float(math.sqrt(max(abs(a * d - b * c), 1e-6)))


def _box(frame: Frame, corner: np.ndarray, scale: float) -> Box:
    left, right = (round((value - corner[0]) * scale) for value in frame[0::2])
    top, bottom = (round((value - corner[1]) * scale) for value in frame[1::2])
    return Box(left, top, max(1, right - left), max(1, bottom - top))


def _grid(frame: Frame) -> np.ndarray:
    """Points (n, 2) spread over a rectangle."""
    left, top, right, bottom = frame
    xs, ys = np.meshgrid(np.linspace(left, right, 21), np.linspace(top, bottom, 21))
    return np.stack([xs.ravel(), ys.ravel()], axis=1)


def _share_inside(points: np.ndarray, page: Page) -> float:
    """Share of points (n, 2), pixels, that lie in a page's picture."""
    return float(np.mean(((points >= 0) & (points <= page.gray.shape[::-1])).all(axis=1)))


def _cut(gray: np.ndarray, to_page: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A part of a page, uint8 of a size (width, height), through a map (3, 3) from it to the page."""
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpPerspective(gray, to_pixel_centres(to_page), size, flags=flags, borderMode=cv2.BORDER_REPLICATE)


def map_points(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Map points (n, 2) by a homography (3, 3)."""
    mapped = points @ matrix[:, :2].T + matrix[:, 2]
    return mapped[:, :2] / mapped[:, 2:]


def without_crossed_out(reading: Reading) -> Reading:
    """A reading of a row of boxes; one of whose boxes holds no digit gives no code, and says which boxes do.

    A crossed-out box, a dash or a letter is what the classifier calls no digit at all, or may well be one.
    """
    pairs = list(zip(reading.digits, reading.code, strict=False))
    wrong = [digit.scores[int(name)] < LEAST_ODDS * digit.scores[NOT_A_DIGIT] for digit, name in pairs]
    if not any(wrong):
        return reading
    shown = "".join("?" if no_digit else name for name, no_digit in zip(reading.code, wrong, strict=True))
    holds = "holds" if sum(wrong) == 1 else "hold"
    message = f"{sum(wrong)} of {len(wrong)} boxes {holds} no digit: {shown}"
    return replace(
        reading, code="", confidence=0.0, status="review", digit_confidences=(), alternatives=(), message=message
    )


def to_page_pixels(reading: Reading, placed: PlacedField, page: Page) -> Reading:
    """A reading of a cut field with everything in pixels of the page it was cut from."""
    digits = tuple(Digit(_mapped(placed, digit.box), digit.image, digit.scores) for digit in reading.digits)
    outline = _mapped(placed, reading.outline)
    corners = np.array([corner for digit in digits for corner in digit.box] or outline, np.float64)
    height, width = page.gray.shape
    left, top = (max(0, math.floor(v)) for v in corners.min(axis=0))
    right, bottom = (math.ceil(v) for v in corners.max(axis=0))
    box = Box(left, top, max(1, min(right, width) - left), max(1, min(bottom, height) - top))
    x, y = placed.field.center
    (left_x, left_y), (right_x, right_y) = map_points(placed.to_page, np.array([(x, y), (x + 1.0, y)]))
    angle = math.degrees(math.atan2(right_y - left_y, right_x - left_x))
    return replace(reading, digits=digits, outline=outline, box=box, angle=angle)


def _mapped(placed: PlacedField, corners: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    return tuple((float(x), float(y)) for x, y in map_points(placed.to_page, np.array(corners, np.float64)))
