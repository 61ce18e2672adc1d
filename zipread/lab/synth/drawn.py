"""Single digits as people draw them in a paint program: our own strokes, no specimens."""

from __future__ import annotations

import cv2
import numpy as np

from zipread.lab.synth.marks import curve

_Points = tuple[tuple[float, float], ...]

# Strokes in a box of 1 × 1, y downwards. A stroke runs smoothly through its points; strokes of two points are straight.
STROKES: dict[str, tuple[_Points, ...]] = {
    "0": (((0.5, 0.05), (0.22, 0.3), (0.2, 0.65), (0.48, 0.95), (0.77, 0.68), (0.76, 0.3), (0.5, 0.05)),),
    "1": (((0.33, 0.27), (0.55, 0.05)), ((0.55, 0.05), (0.53, 0.95))),
    "2": (
        ((0.22, 0.28), (0.4, 0.07), (0.68, 0.1), (0.72, 0.35), (0.5, 0.62), (0.2, 0.93)),
        ((0.2, 0.93), (0.8, 0.91)),
    ),
    "3": (((0.25, 0.14), (0.52, 0.05), (0.74, 0.25), (0.47, 0.46), (0.77, 0.68), (0.52, 0.94), (0.2, 0.83)),),
    "4": (((0.6, 0.05), (0.18, 0.62)), ((0.18, 0.62), (0.82, 0.6)), ((0.62, 0.35), (0.6, 0.96))),
    "5": (
        ((0.72, 0.07), (0.32, 0.08)),
        ((0.32, 0.08), (0.28, 0.44)),
        ((0.28, 0.44), (0.55, 0.38), (0.76, 0.62), (0.56, 0.92), (0.22, 0.86)),
    ),
    "6": (((0.66, 0.06), (0.35, 0.3), (0.24, 0.68), (0.45, 0.94), (0.74, 0.76), (0.58, 0.53), (0.27, 0.68)),),
    "7": (((0.2, 0.09), (0.78, 0.07)), ((0.78, 0.07), (0.56, 0.45), (0.4, 0.95))),
    "8": (
        (
            *((0.7, 0.2), (0.48, 0.05), (0.28, 0.24), (0.5, 0.46), (0.75, 0.72), (0.5, 0.95)),
            *((0.25, 0.74), (0.5, 0.46), (0.71, 0.2)),
        ),
    ),
    "9": (((0.72, 0.25), (0.48, 0.06), (0.26, 0.28), (0.46, 0.5), (0.73, 0.26), (0.7, 0.6), (0.58, 0.95)),),
}


def draw_digit(
    rng: np.random.Generator, digit: str, size: int, paper: tuple[int, int, int], ink: tuple[int, int, int]
) -> np.ndarray:
    """Draw a digit with the round brush of a mouse.

    size: pixels of the square picture; paper, ink: colours, blue-green-red. Returns (size, size, 3) uint8.
    """
    picture = np.full((size, size, 3), paper, np.uint8)
    brush = max(2, round(size * rng.uniform(0.05, 0.1)))
    room = size * rng.uniform(0.5, 0.75)
    corner = (size - room) * rng.uniform(0.3, 0.7, 2)
    slant = rng.normal(0, 0.08)
    for stroke in STROKES[digit]:
        points = np.array(stroke) + rng.normal(0, 0.012, (len(stroke), 2))
        points[:, 0] -= slant * (points[:, 1] - 0.5)
        path = np.round(curve(points) * room + corner).astype(np.int32)
        # A mouse leaves hard edges and corners between the places where it was asked.
        cv2.polylines(
            picture, [np.ascontiguousarray(path[:: 3 if len(stroke) > 2 else 1])], False, ink, brush, cv2.LINE_8
        )
    return picture
