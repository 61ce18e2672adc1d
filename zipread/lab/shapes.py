"""Shapes of digits, to be redrawn with any stroke at any resolution.

A digit becomes a distance map on a fine canvas: the distance of every point to the edge of its ink (signed) or to
its centre line. Bending the map and choosing a level redraws the digit with any stroke width. Elastic bending after
Simard, Steinkraus, Platt, "Best practices for convolutional neural networks" (ICDAR 2003).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

CANVAS = 84
"""Side of the fine canvas, pixels: three for each pixel of a 28×28 digit."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A digit ready to be redrawn."""

    distance: np.ndarray  # (84, 84) float32: canvas pixels from the ink's edge (negative inside) or centre line
    is_center_line: bool


def _distance(mask: np.ndarray) -> np.ndarray:
    return cv2.distanceTransform(mask, cv2.DIST_L2, 3)


def body_shape(digit: np.ndarray) -> Shape:
    """Shape of a (28, 28) uint8 light-on-black digit, its own stroke width kept."""
    fine = cv2.resize(digit, (CANVAS, CANVAS), interpolation=cv2.INTER_CUBIC)
    _, ink = cv2.threshold(cv2.GaussianBlur(fine, (0, 0), 1.2), 110, 255, cv2.THRESH_BINARY)
    return Shape(_distance(cv2.bitwise_not(ink)) - _distance(ink), is_center_line=False)


def center_line_shape(digit: np.ndarray) -> Shape:
    """Shape of a (28, 28) uint8 light-on-black digit, reduced to its skeleton."""
    return thin_shape(np.where(body_shape(digit).distance < 0, 255, 0).astype(np.uint8))


def thin_shape(ink: np.ndarray) -> Shape:
    """Shape of a (84, 84) uint8 picture, 255 on ink, reduced to its skeleton (Zhang, Suen 1984)."""
    from skimage.morphology import skeletonize

    return line_shape(skeletonize(ink > 0).astype(np.uint8) * 255)


def line_shape(lines: np.ndarray) -> Shape:
    """Shape of strokes given as a (84, 84) uint8 picture of their centre lines."""
    return Shape(_distance(cv2.bitwise_not(lines)), is_center_line=True)


def mask_shape(ink: np.ndarray) -> Shape:
    """Shape of a (84, 84) uint8 picture, 255 on ink: a letter or digit of a font."""
    return Shape(_distance(cv2.bitwise_not(ink)) - _distance(ink), is_center_line=False)


def _warp(rng: np.random.Generator, distance: np.ndarray, strength: float) -> np.ndarray:
    """Slant, turn, stretch and bend a distance map. `strength` 1 is handwriting, 0 nothing."""
    middle = CANVAS / 2
    angle = np.deg2rad(rng.normal(0.0, 5.0) * strength)
    slant = rng.normal(0.0, 0.16) * strength
    stretch = np.exp(rng.normal(0.0, 0.2) * strength)
    zoom = 0.9 * np.exp(rng.normal(0.0, 0.05))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    shape = turn @ np.array([[zoom * np.sqrt(stretch), -slant], [0.0, zoom / np.sqrt(stretch)]])
    inverse = np.linalg.inv(shape)
    ys, xs = np.mgrid[0:CANVAS, 0:CANVAS].astype(np.float32) - middle
    map_x = inverse[0, 0] * xs + inverse[0, 1] * ys + middle
    map_y = inverse[1, 0] * xs + inverse[1, 1] * ys + middle
    if strength > 0:
        nodes = int(rng.integers(4, 7))
        amplitude = abs(rng.normal(0.0, 1.5)) * strength
        bend = rng.normal(0.0, amplitude, (2, nodes, nodes)).astype(np.float32)
        map_x = map_x + cv2.resize(bend[0], (CANVAS, CANVAS), interpolation=cv2.INTER_CUBIC)
        map_y = map_y + cv2.resize(bend[1], (CANVAS, CANVAS), interpolation=cv2.INTER_CUBIC)
    far = float(distance.max())
    return cv2.remap(
        distance, map_x.astype(np.float32), map_y.astype(np.float32), cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT, borderValue=far,
    )  # fmt: skip


THINNEST_STROKE = 0.45
"""Half the width of the thinnest stroke a scan still shows, in its own pixels."""


def ink_of(rng: np.random.Generator, shape: Shape, strength: float, height: int = CANVAS) -> np.ndarray:
    """One redrawing of a shape, on the fine canvas, with strokes that survive scaling it to `height` rows.

    Returns:
        (84, 84) uint8, 0 paper .. 255 ink.
    """
    distance = _warp(rng, shape.distance, strength)
    if shape.is_center_line:
        level = float(np.exp(rng.uniform(np.log(1.3), np.log(6.5))))
        level = max(level, THINNEST_STROKE * CANVAS / height)
    else:
        half_stroke = max(1.0, float(-distance.min()))
        thinnest = max(0.9, THINNEST_STROKE * CANVAS / height) - half_stroke
        level = float(np.clip(rng.normal(0.0, 1.3) * max(strength, 0.4), thinnest, max(thinnest, 4.0)))
    if rng.random() < 0.25:  # a pen's pressure varies along the stroke
        pressure = rng.normal(0.0, 0.8, (4, 4)).astype(np.float32)
        distance = distance + cv2.resize(pressure, (CANVAS, CANVAS), interpolation=cv2.INTER_CUBIC)
    return np.clip((level - distance + 0.5) * 255.0, 0, 255).astype(np.uint8)
