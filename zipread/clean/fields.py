"""One field at full scale for reading: cut out of its page, its ink separated from the paper."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from zipread.records import Box, Field, FieldImage, Page, Strip

FIELD_HEIGHT = 160.0
"""Tallest cut of a field across its line, pixels: strokes keep 3 px or more, and the cost stays bounded."""
GRAIN = 1.2
BLUR_REACH = 2.5
"""Standard deviations, pixels, of the grain smoothed away and of the blur undone when sharpening."""

MIN_FIELD_CONTRAST = 0.10
"""Least darkness of ink in a field, as a share of the paper's brightness."""


@dataclass(frozen=True, slots=True)
class Look:
    """How ink is told from paper."""

    darkness: float = 0.35  # least of ink, as a share of full strokes': more drops patterns, and in the end hairlines
    full: float = 0.75  # what full strokes have, as a quantile of all that is dark: a pattern may be most of it
    sharpen: float = 0.0  # strength of the sharpening before, for pictures out of focus


PLAIN = Look()


def cut_field(page: Page, field: Field, look: Look = PLAIN) -> FieldImage:
    """Cut a field out of the full page, upright, and separate its ink.

    The picture keeps the page's resolution unless the field is taller than FIELD_HEIGHT; it is never enlarged.
    `to_page` of the result maps its points back to pixels of the page.
    """
    gray, to_page = cut_gray(page, field, FIELD_HEIGHT)
    height, width = gray.shape
    along, across = max(1.0, field.size[0]), max(1.0, field.size[1])
    ink, mask = separate_ink(_sharpened(gray, look.sharpen) if look.sharpen > 0 else gray, look)
    return FieldImage(gray, ink, mask, to_page, _scale_cells(field.cells, width / along, height / across))


def cut_gray(page: Page, place: Field | Strip, tallest: float) -> tuple[np.ndarray, np.ndarray]:
    """Cut a place out of the full page, upright: (h, w) uint8, h at most `tallest`, and its map (2, 3) to the page."""
    width, height, shrink = _size_of(place, tallest)
    to_page = _frame_to_page(place, width, height)
    return _warp(page.gray, to_page, width, height, shrink), to_page


def sample_gray(page: Page, place: Field | Strip, tallest: float) -> np.ndarray:
    """As `cut_gray`, of points of the page instead of means: enough to see lines, in a third of the time."""
    width, height, _ = _size_of(place, tallest)
    return _warp(page.gray, _frame_to_page(place, width, height), width, height, shrink=1.0)


def _size_of(place: Field | Strip, tallest: float) -> tuple[int, int, float]:
    """Width and height of the picture of a place, at most `tallest`, and by how much the place is larger."""
    along, across = max(1.0, place.size[0]), max(1.0, place.size[1])
    scale = min(1.0, tallest / across)
    return max(1, round(along * scale)), max(1, round(across * scale)), 1.0 / scale


def _sharpened(gray: np.ndarray, strength: float) -> np.ndarray:
    """Unsharp masking (Jain 1989, ch. 7) of a slightly smoothed picture, so that grain is not what gets sharp."""
    fine = cv2.GaussianBlur(gray, (0, 0), GRAIN)
    coarse = cv2.GaussianBlur(gray, (0, 0), BLUR_REACH)
    return cv2.addWeighted(fine, 1.0 + strength, coarse, -strength, 0.0)


def _frame_to_page(field: Field | Strip, width: int, height: int) -> np.ndarray:
    """Affine map (2, 3) from a (width, height) picture of the field to pixels of the page."""
    angle = math.radians(field.angle)
    along = np.array([math.cos(angle), math.sin(angle)]) * (field.size[0] / width)
    across = np.array([-math.sin(angle), math.cos(angle)]) * (field.size[1] / height)
    corner = np.array(field.center) - along * width / 2 - across * height / 2
    return np.column_stack([along, across, corner])


def _warp(gray: np.ndarray, to_page: np.ndarray, width: int, height: int, shrink: float) -> np.ndarray:
    """Sample the picture through `to_page`; when shrinking, oversample first and average down."""
    step = math.ceil(shrink - 1e-6)
    matrix = to_page.copy()
    matrix[:, :2] /= step
    # cv2 counts from pixel centres, the records from pixel corners.
    matrix[:, 2] += matrix[:, :2] @ [0.5, 0.5] - 0.5
    size = (width * step, height * step)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    cut = cv2.warpAffine(gray, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return cut if step == 1 else cv2.resize(cut, (width, height), interpolation=cv2.INTER_AREA)


def _scale_cells(cells: tuple[Box, ...], fx: float, fy: float) -> tuple[Box, ...]:
    scaled = []
    for cell in cells:
        left, top = round(cell.x * fx), round(cell.y * fy)
        right, bottom = round(cell.right * fx), round(cell.bottom * fy)
        scaled.append(Box(left, top, max(1, right - left), max(1, bottom - top)))
    return tuple(scaled)


def separate_ink(gray: np.ndarray, look: Look = PLAIN) -> tuple[np.ndarray, np.ndarray]:
    """Separate writing from paper in the gray picture of a field, (h, w) uint8.

    Returns `ink` (h, w) uint8, 0 paper .. 255 full ink with the strokes' soft edges, and `mask` (h, w) uint8,
    255 ink / 0 paper. Light writing on dark paper is turned first. Without contrast both are all zero.

    Darkness is taken relative to the paper (the picture closed over the width of a stroke, smoothed) and cut by
    the threshold of Otsu (1979), but at no less than the share that `look` asks for of what full strokes have.
    """
    height, width = gray.shape
    nothing = np.zeros((height, width), np.uint8)
    if min(height, width) < 3:
        return nothing, nothing.copy()
    if _light_on_dark(gray):
        gray = 255 - gray
    darkness = _darkness(gray)
    threshold, full = _ink_levels(darkness, look)
    if full - threshold <= 0 or full < MIN_FIELD_CONTRAST:
        return nothing, nothing.copy()
    mask = (darkness > threshold).astype(np.uint8) * 255
    near = cv2.dilate(mask, np.ones((3, 3), np.uint8)) > 0
    # Half of a stroke's darkness at its edge becomes half of full ink; the paper's own texture stays black.
    foot = max(0.0, 2 * threshold - full)
    soft = np.clip((darkness - foot) / (full - foot), 0.0, 1.0) * 255.0
    ink = np.where(near, soft, 0.0).astype(np.uint8)
    return ink, mask


def _light_on_dark(gray: np.ndarray) -> bool:
    """Whether the writing is the lighter part: paper is the larger class, and is what the rim shows."""
    threshold, _ = cv2.threshold(gray, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    dark = gray <= threshold
    rim = np.concatenate([dark[0], dark[-1], dark[:, 0], dark[:, -1]])
    return bool(dark.mean() > 0.6 and rim.mean() > 0.6)


def _darkness(gray: np.ndarray) -> np.ndarray:
    """Darkness 0 (paper) .. 1 (black) relative to the paper around, (h, w) float32."""
    height, width = gray.shape
    reach = max(3, round(0.35 * min(height, 3 * width))) | 1
    smooth = cv2.GaussianBlur(gray, (3, 3), 0)
    padded = cv2.copyMakeBorder(smooth, reach, reach, reach, reach, cv2.BORDER_REPLICATE)
    paper = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, np.ones((reach, reach), np.uint8))
    paper = cv2.blur(paper, (reach, reach))[reach:-reach, reach:-reach].astype(np.float32)
    return np.clip(1.0 - gray.astype(np.float32) / np.maximum(paper, 1.0), 0.0, 1.0)


def _ink_levels(darkness: np.ndarray, look: Look) -> tuple[float, float]:
    """Threshold between paper and ink, and the darkness of full ink."""
    scaled = np.round(darkness * 255.0).astype(np.uint8)
    otsu, _ = cv2.threshold(scaled, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    above = np.sort(darkness[darkness > otsu / 255.0])  # a tenth of what np.quantile takes
    if above.size == 0:
        return 1.0, 0.0
    full = float(above[round(look.full * (above.size - 1))])
    return max(float(otsu) / 255.0, look.darkness * full, 0.5 * MIN_FIELD_CONTRAST), full
