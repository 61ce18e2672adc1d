"""Digits drawn from strokes, as hands of their own write them.

The control points of a shape (`zipread.lab.glyphs`) are joined by a Catmull-Rom spline (Catmull & Rom 1974). A hand
bends a shape as a whole, in its own way; every drawing moves the points a little, so no two are alike.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from zipread.lab.glyphs import GLYPH_HEIGHT, GLYPHS, Stroke

SAMPLES_PER_SPAN = 12
"""Points drawn between two control points."""

BEND = 0.1
"""Standard deviation of how far a hand moves the corners and the middles of a shape's box, in widths of the box."""

JITTER = 0.045
"""Standard deviation of how far one drawing moves a control point, in widths of the box."""


def spline(points: np.ndarray) -> np.ndarray:
    """Catmull-Rom spline through (n, 2) points, n >= 2; returns (m, 2) float64, ends included."""
    padded = np.vstack((2 * points[0] - points[1], points, 2 * points[-1] - points[-2]))
    t = np.linspace(0.0, 1.0, SAMPLES_PER_SPAN, endpoint=False)[:, None]
    spans = []
    for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        spans.append(0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3))
    return np.vstack((*spans, points[-1:]))


def own_shape(rng: np.random.Generator, digit: int) -> tuple[Stroke, ...]:
    """One shape of `digit`, 0..9, as one hand writes it: any of the known ones, bent smoothly as a whole."""
    shapes = GLYPHS[digit]
    moves = rng.normal(0.0, BEND, (3, 3, 2))
    return tuple(tuple(_bent(point, moves) for point in stroke) for stroke in shapes[rng.integers(len(shapes))])


def _bent(point: tuple[float, float], moves: np.ndarray) -> tuple[float, float]:
    """A point moved as the (3, 3, 2) nodes of its box are: biquadratic interpolation, so neighbours stay neighbours."""
    across, down = (np.array([(1 - t) ** 2, 2 * t * (1 - t), t**2]) for t in (point[0], point[1] / GLYPH_HEIGHT))
    dx, dy = np.einsum("i,j,ijk->k", down, across, moves)
    return float(point[0] + dx), float(point[1] + dy)


def draw_center_lines(rng: np.random.Generator, shape: Sequence[Stroke], side: int) -> np.ndarray:
    """Draw a shape, one pixel wide.

    Args:
        rng: source of all randomness.
        shape: strokes of control points, as in `zipread.lab.glyphs`.
        side: of the picture, pixels.

    Returns:
        (side, side) uint8, 255 on the strokes' centre lines.
    """
    image = np.zeros((side, side), np.uint8)
    scale = 0.62 * side / GLYPH_HEIGHT
    offset = np.array([side / 2 - 0.5 * scale, side / 2 - 0.5 * GLYPH_HEIGHT * scale])
    moved: dict[tuple[float, float], np.ndarray] = {}
    for stroke in shape:
        points = []
        for point in stroke:
            # A point shared by two strokes moves once, so that corners stay closed.
            if point not in moved:
                moved[point] = np.array(point) + rng.normal(0.0, JITTER, 2)
            points.append(moved[point])
        line = spline(np.array(points)) * scale + offset
        cv2.polylines(image, [np.round(line).astype(np.int32)], False, 255, 1)
    return image
