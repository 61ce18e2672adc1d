"""What stands on paper besides the code: lines, boxes, leftovers, scribbles, barcodes, postmarks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from zipread.records import Box

Frame = Literal["shared", "separate", "comb", "open"]
FRAMES: tuple[Frame, ...] = ("shared", "separate", "comb", "open")

EDGING = (0.015, 0.08)
"""Width of an ornament along edges, shares of the shorter side."""

_SUBPIXEL_BITS = 4  # OpenCV draws at sixteenths of a pixel


@dataclass(frozen=True, slots=True)
class Cells:
    """A row of printed cells."""

    coverage: np.ndarray  # (h, w) float32, 0..1
    cells: tuple[Box, ...]  # the inside of each, left to right


def polyline(canvas: np.ndarray, points: np.ndarray, width: float) -> None:
    """Draw a line through points, in place. canvas: (h, w) uint8; points: (n, 2) float, x and y; width in pixels."""
    fixed = np.round(points * (1 << _SUBPIXEL_BITS)).astype(np.int32)
    cv2.polylines(canvas, [fixed], False, 255, max(1, round(width)), cv2.LINE_AA, _SUBPIXEL_BITS)


def curve(points: np.ndarray, steps: int = 12) -> np.ndarray:
    """Run a smooth curve (Catmull-Rom) through points: (n, 2) -> ((n - 1) * steps + 1, 2)."""
    padded = np.vstack([2 * points[0] - points[1], points, 2 * points[-1] - points[-2]])
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    parts = []
    for before, start, stop, after in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        a, b = (stop - before) / 2, (after - start) / 2
        parts.append(start + a * t + (3 * (stop - start) - 2 * a - b) * t**2 + (2 * (start - stop) + a + b) * t**3)
    return np.vstack([*parts, points[-1:]])


def cells(
    rng: np.random.Generator,
    present: Sequence[bool],
    size: tuple[float, float],
    kind: Frame,
    line: float,
    parted: tuple[int, float] | None = None,
) -> Cells:
    """Draw a row of cells.

    present: for each place in the row, whether it has a frame; size: (width, height) of one, pixels;
    line: width of the printed line, pixels; parted: a place before which room is left, and how much more than before
    the others, pixels.
    """
    count = len(present)
    width, height = size
    pad = int(np.ceil(line)) + 1
    gap = width * rng.uniform(0.08, 0.35) if kind == "separate" else 0.0
    group, room = parted or (count, 0.0)
    lefts = [pad + index * (width + gap) + (room if index >= group else 0.0) for index in range(count)]
    canvas = np.zeros((int(height) + 2 * pad + 1, int(lefts[-1] + width) + pad + 1), np.uint8)
    top, bottom = float(pad), pad + height
    tick = bottom - height * rng.uniform(0.15, 0.6)
    for index, left in enumerate(lefts):
        right = left + width
        if not present[index]:
            continue
        if kind == "comb":
            first = index == 0 or not present[index - 1] or index == group
            last = index == count - 1 or not present[index + 1] or index + 1 == group
            outline = [(left, top if first else tick), (left, bottom), (right, bottom), (right, top if last else tick)]
        elif kind == "open":
            outline = [(left, top), (left, bottom), (right, bottom), (right, top)]
        else:
            outline = [(left, top), (left, bottom), (right, bottom), (right, top), (left, top)]
        polyline(canvas, np.array(outline, float), line)
    inner = tuple(Box(round(left), round(top), round(width), round(height)) for left in lefts)
    return Cells(canvas.astype(np.float32) / 255, inner)


def rule(
    rng: np.random.Generator, length: float, width: float, kind: Literal["straight", "by hand", "dotted"]
) -> np.ndarray:
    """Draw a horizontal line: (h, length) float32 coverage, the line about in its middle."""
    reach = int(np.ceil(length * 0.03 + 2 * width + 3))
    canvas = np.zeros((2 * reach, max(2, int(length))), np.uint8)
    if kind == "dotted":
        pitch = max(3.0, width * rng.uniform(2.2, 4))
        for x in np.arange(width, length, pitch):
            cv2.circle(canvas, (int(x * 16), reach * 16), max(8, int(width * 8)), 255, -1, cv2.LINE_AA, _SUBPIXEL_BITS)
    else:
        bend = length * (0.02 if kind == "by hand" else 0.0)
        x = np.linspace(0, length - 1, 5)
        polyline(canvas, curve(np.column_stack([x, reach + rng.normal(0, 1, 5) * bend * 0.5])), width)
    return canvas.astype(np.float32) / 255


def leftovers(rng: np.random.Generator, shape: tuple[int, int], digit_height: float, stroke: float) -> np.ndarray:
    """Draw ends of strokes that reach in from writing around the field: (h, w) float32 coverage."""
    height, width = shape
    canvas = np.zeros(shape, np.uint8)
    for _ in range(rng.integers(1, 5)):
        side = rng.choice(4, p=[0.4, 0.25, 0.15, 0.2])
        reach = digit_height * rng.uniform(0.05, 0.3)
        along = rng.uniform(0, 1)
        edge, inward = {
            0: (np.array([along * width, 0.0]), np.array([0.0, 1.0])),
            1: (np.array([along * width, height - 1.0]), np.array([0.0, -1.0])),
            2: (np.array([0.0, along * height]), np.array([1.0, 0.0])),
            3: (np.array([width - 1.0, along * height]), np.array([-1.0, 0.0])),
        }[int(side)]
        sideways = inward[::-1] * rng.normal(0, 0.15, 3)[:, None] * digit_height
        depth = np.array([-0.3 * reach, reach, rng.uniform(-0.3, 0.8) * reach])[:, None] * inward
        polyline(canvas, curve(edge + depth + np.cumsum(sideways, axis=0)), stroke)
    return canvas.astype(np.float32) / 255


def specks(rng: np.random.Generator, shape: tuple[int, int], digit_height: float, count: int) -> np.ndarray:
    """Draw specks of dirt: (h, w) float32 coverage."""
    canvas = np.zeros(shape, np.uint8)
    for _ in range(count):
        centre = (int(rng.uniform(0, shape[1]) * 16), int(rng.uniform(0, shape[0]) * 16))
        axes = rng.uniform(0.01, 0.05, 2) * digit_height * 16 + 5
        angle = float(rng.uniform(0, 180))
        cv2.ellipse(canvas, centre, axes.astype(int).tolist(), angle, 0, 360, 255, -1, cv2.LINE_AA, _SUBPIXEL_BITS)
    return canvas.astype(np.float32) / 255


def scribble(rng: np.random.Generator, shape: tuple[int, int], stroke: float) -> np.ndarray:
    """Draw a scribble or a signature that names nothing: (h, w) float32 coverage."""
    height, width = shape
    canvas = np.zeros(shape, np.uint8)
    for _ in range(rng.integers(1, 4)):
        count = int(rng.integers(6, 30))
        progress = np.linspace(0.08, 0.92, count) * width
        x = progress + rng.normal(0, width * 0.05, count)
        y = height / 2 + rng.normal(0, height * rng.uniform(0.1, 0.24), count)
        polyline(canvas, curve(np.column_stack([x, y])), stroke)
    return canvas.astype(np.float32) / 255


def barcode(rng: np.random.Generator, shape: tuple[int, int], kind: Literal["linear", "postal"]) -> np.ndarray:
    """Draw a barcode: (h, w) float32 coverage; `postal` has bars of four heights, as on mail."""
    height, width = shape
    coverage = np.zeros(shape, np.float32)
    if kind == "linear":
        unit = max(1, round(width / 120))
        left = 0
        while left < width:
            bar, space = (int(modules) * unit for modules in rng.integers(1, 5, 2))
            coverage[:, left : left + bar] = 1
            left += bar + space
        return coverage
    pitch = max(3.0, height * rng.uniform(0.28, 0.4))
    thick = max(1, round(pitch * rng.uniform(0.35, 0.5)))
    for x in np.arange(0, width - thick, pitch):
        upper, lower = rng.choice([0.0, 0.33], 2)
        coverage[round(upper * height) : round((1 - lower) * height), int(x) : int(x) + thick] = 1
    return coverage


def edging(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Draw stripes, checks or dots along some edges, as airmail and greeting cards have: (h, w) float32 coverage."""
    height, width = shape
    y, x = np.mgrid[:height, :width].astype(np.float32)
    sides = np.stack([x, y, width - 1 - x, height - 1 - y])
    kept = rng.random(4) < 0.85
    kept[rng.integers(4)] = True
    wide = min(shape) * rng.uniform(*EDGING)
    pitch = wide * rng.uniform(0.7, 3.0)
    pattern = (
        (x + rng.uniform(-1.5, 1.5) * y) % pitch < pitch * rng.uniform(0.25, 0.75),
        (x // pitch + y // pitch) % 2 == 0,
        np.hypot(x % pitch - pitch / 2, y % pitch - pitch / 2) < pitch * rng.uniform(0.2, 0.45),
    )[rng.integers(3)]
    return ((sides[kept].min(axis=0) < wide) & pattern).astype(np.float32)


def postmark(rng: np.random.Generator, diameter: float, stroke: float) -> np.ndarray:
    """Draw the rings and the wavy lines of a cancelling stamp, without its letters: (h, w) float32 coverage."""
    height, width = int(diameter * 1.1), int(diameter * rng.uniform(2.4, 3.4))
    canvas = np.zeros((height, width), np.uint8)
    centre = (diameter * 0.53, diameter * 0.53)
    turns = np.linspace(0, 2 * np.pi, 60)[:, None]
    for radius in (0.5, 0.32)[: rng.integers(1, 3)]:
        polyline(canvas, centre + diameter * radius * np.hstack([np.cos(turns), np.sin(turns)]), stroke)
    x = np.linspace(diameter * 1.08, width - 1, 60)
    swing = diameter * rng.uniform(0.03, 0.06)
    for y in np.linspace(diameter * 0.15, diameter * 0.9, int(rng.integers(4, 8))):
        wave = y + swing * np.sin((x - x[0]) * 2 * np.pi / (diameter * rng.uniform(0.35, 0.4)))
        polyline(canvas, np.column_stack([x, wave]), stroke)
    return canvas.astype(np.float32) / 255
