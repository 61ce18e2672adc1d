"""Handwritten digits redrawn: from 28×28 specimens to strokes of another size, width and slant."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

OVERSAMPLING = 3
"""Pixels of a stroke field per pixel of the specimen."""

_SPECIMEN = 28
_PAD = 1
_EDGE = 0.43  # of the darkest ink nearby: where the edge of a specimen's stroke is taken
_LEAST_INK = 55  # of 255
_NEARBY = 13  # pixels of the stroke field, about two widths of a stroke
_SMOOTHING = 1.1  # standard deviation in pixels of the stroke field; takes the stairs off the skeleton


@dataclass(frozen=True, slots=True)
class StrokeField:
    """Where the strokes of one digit run, smooth enough to be drawn at any size."""

    to_spine: np.ndarray  # (h, w) float32, distance to the middle of the nearest stroke
    to_edge: np.ndarray  # (h, w) float32, distance to the edge of the ink, positive inside
    half_width: float  # typical half width of the specimen's strokes
    box: tuple[int, int, int, int]  # x, y, width, height of the ink; all in pixels of the field


@dataclass(frozen=True, slots=True)
class Pen:
    """How one hand draws."""

    width: float  # of a stroke, in pixels of the drawing
    evenness: float  # 0: stroke widths as in the specimen, 1: the same everywhere
    slant: float  # dx per dy; positive leans to the right
    softness: float  # pixels over which an edge fades


def stroke_fields(specimens: np.ndarray) -> list[StrokeField]:
    """Measure where the strokes of some specimens run.

    specimens: (n, 28, 28) uint8, light ink on black. One field for each, in order.
    """
    strip = np.hstack([np.pad(image, _PAD) for image in specimens])
    big = cv2.resize(strip, None, fx=OVERSAMPLING, fy=OVERSAMPLING, interpolation=cv2.INTER_CUBIC)
    # Specimens are antialiased: a hairline that closes a zero is pale, the inside of a small loop beside dark ink too.
    nearby = cv2.dilate(big, np.ones((_NEARBY, _NEARBY), np.uint8))
    mask = (big > np.maximum(_LEAST_INK, _EDGE * nearby)).astype(np.uint8)
    spine = thin(mask)
    inside = cv2.distanceTransform(mask, cv2.DIST_L2, 5)
    to_edge = cv2.GaussianBlur(inside - cv2.distanceTransform(1 - mask, cv2.DIST_L2, 5), (0, 0), _SMOOTHING)
    to_spine = cv2.GaussianBlur(cv2.distanceTransform(1 - spine, cv2.DIST_L2, 5), (0, 0), _SMOOTHING)
    width = (_SPECIMEN + 2 * _PAD) * OVERSAMPLING
    fields = []
    for start in range(0, strip.shape[1] * OVERSAMPLING, width):
        part = slice(start, start + width)
        ridge = inside[:, part][spine[:, part] > 0]
        half_width = float(np.median(ridge)) if ridge.size else 1.0
        box = cv2.boundingRect(mask[:, part])
        fields.append(StrokeField(to_spine[:, part], to_edge[:, part], half_width, (box[0], box[1], box[2], box[3])))
    return fields


def draw(field: StrokeField, height: float, pen: Pen, unevenness: np.ndarray | None = None) -> np.ndarray:
    """Draw one digit.

    height: of the ink, in pixels; unevenness: (k, k) float32 around 0, how the pen's pressure changes over the digit,
    as a fraction of the stroke's width. Returns (h, w) float32 coverage 0..1, cut to the ink.
    """
    x, y, w, h = field.box
    # MNIST fits digits into a square, so a wide one is flatter than its hand drew it.
    scale = (height - pen.width * 0.5) / max(h, 0.8 * w, 1)
    half = pen.width / 2 / scale
    level = pen.evenness * (half - field.to_spine + 0.8 * _SMOOTHING)
    if pen.evenness < 1:
        level = level + (1 - pen.evenness) * (field.to_edge + half - field.half_width)
    # A loop the specimen had filled has no spine to show for it: what lies deeper than a stroke stays ink.
    level = np.maximum(level, field.to_edge - 1.12 * field.half_width + half)
    if unevenness is not None:
        level = level + half * cv2.resize(unevenness, level.shape[::-1], interpolation=cv2.INTER_CUBIC)
    margin = pen.width + 2
    out_height = int(np.ceil(h * scale + 2 * margin))
    lean = abs(pen.slant) * h * scale
    out_width = int(np.ceil(w * scale + lean + 2 * margin))
    middle = (x + w / 2, y + h / 2)
    matrix = np.array(
        [
            [scale, -pen.slant * scale, out_width / 2 - scale * middle[0] + pen.slant * scale * middle[1]],
            [0, scale, out_height / 2 - scale * middle[1]],
        ]
    )
    size = (out_width, out_height)
    warped = cv2.warpAffine(
        level, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=-99
    )
    return cut_to_ink(np.clip(warped * scale / pen.softness + 0.5, 0, 1))


def cut_to_ink(coverage: np.ndarray) -> np.ndarray:
    """Cut a (h, w) float32 coverage to where there is ink; (1, 1) zeros where there is none."""
    x, y, w, h = cv2.boundingRect((coverage > 0.08).astype(np.uint8))
    return coverage[y : y + h, x : x + w] if w and h else np.zeros((1, 1), np.float32)


def thin(mask: np.ndarray) -> np.ndarray:
    """Thin a mask to lines one pixel wide.

    mask: (h, w) uint8, 0 or 1, with no ink on its border. Returns the same shape and values.
    After Zhang and Suen, A fast parallel algorithm for thinning digital patterns, CACM 27 (1984).
    """
    # Neighbours clockwise from the top, one bit each; correlating turns a neighbourhood into the index of a table.
    weights = np.array([[128, 1, 2], [64, 0, 4], [32, 16, 8]], np.float32)
    thinned = mask.copy()
    while True:
        before = cv2.countNonZero(thinned)
        for table in _REMOVAL:
            code = cv2.filter2D(thinned, cv2.CV_8U, weights, borderType=cv2.BORDER_CONSTANT)
            thinned &= cv2.LUT(code, table)
        if cv2.countNonZero(thinned) == before:
            return thinned


def _removal_table(*, first: bool) -> np.ndarray:
    """Which neighbourhoods keep their pixel in one half-step of thinning: (256,) uint8, 1 keep / 0 remove."""
    keep = np.ones(256, np.uint8)
    for code in range(256):
        p = [(code >> bit) & 1 for bit in range(8)]
        crossings = sum(p[i] == 0 and p[(i + 1) % 8] == 1 for i in range(8))
        if first:
            corners = p[0] * p[2] * p[4] == 0 and p[2] * p[4] * p[6] == 0
        else:
            corners = p[0] * p[2] * p[6] == 0 and p[0] * p[4] * p[6] == 0
        if 2 <= sum(p) <= 6 and crossings == 1 and corners:
            keep[code] = 0
    return keep


_REMOVAL = (_removal_table(first=True), _removal_table(first=False))
