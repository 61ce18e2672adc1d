"""Spoil redrawn digits as scanners and the reader's own cutting will deliver them.

What a scanner and a binarization do to a digit is applied at the resolution it is scanned with, leftovers of cutting
and printed paper on the fine canvas before.
"""

from __future__ import annotations

import cv2
import numpy as np

from zipread.lab.shapes import CANVAS, Shape, ink_of
from zipread.lab.synth.capture import smear


def _break_ink(rng: np.random.Generator, ink: np.ndarray) -> np.ndarray:
    """Rub narrow gaps into the strokes, as a dry pen or a hard threshold leaves them."""
    out = ink.copy()
    for _ in range(int(rng.integers(1, 4))):
        x, y = rng.uniform(0.2, 0.8, 2) * CANVAS
        angle = rng.uniform(0, np.pi)
        dx, dy = np.cos(angle) * 12, np.sin(angle) * 12
        start, end = (round(x - dx), round(y - dy)), (round(x + dx), round(y + dy))
        cv2.line(out, start, end, 0, int(rng.integers(1, 4)))
    return out


def _add_leftovers(rng: np.random.Generator, ink: np.ndarray, neighbour: np.ndarray) -> np.ndarray:
    """Add what cutting leaves around a digit: a bit of its neighbour, a box frame, a ruled line, a speck."""
    out = ink.copy()
    columns = np.flatnonzero(ink.max(axis=0) > 127)
    rows = np.flatnonzero(ink.max(axis=1) > 127)
    if columns.size == 0:
        return out
    left, right, top, bottom = int(columns[0]), int(columns[-1]), int(rows[0]), int(rows[-1])
    what = rng.random()
    if what < 0.45:
        piece = int(max(2, (right - left) * rng.uniform(0.04, 0.16)))
        other = np.flatnonzero(neighbour.max(axis=0) > 127)
        if other.size < 2 * piece:
            return out
        gap = int(rng.integers(-1, 4))
        if rng.random() < 0.5:
            strip, at = neighbour[:, other[-1] + 1 - piece : other[-1] + 1], left - gap - piece
        else:
            strip, at = neighbour[:, other[0] : other[0] + piece], right + 1 + gap
        if at >= 0 and at + piece <= CANVAS:
            out[:, at : at + piece] = np.maximum(out[:, at : at + piece], strip)
    elif what < 0.8:
        thick = int(rng.integers(1, 4))
        slack = int(rng.integers(-3, 6))
        begin, end = sorted(rng.uniform(0.0, 1.0, 2))
        if rng.random() < 0.65:
            y = bottom + slack if rng.random() < 0.7 else top - slack
            xs = (int(left - 4 + begin * (right - left)), int(left + 4 + end * (right - left) + 4))
            cv2.line(out, (xs[0], y), (xs[1], y + int(rng.integers(-1, 2))), 255, thick)
        else:
            x = right + abs(slack) if rng.random() < 0.5 else left - abs(slack)
            cv2.line(out, (x, int(top + begin * (bottom - top))), (x, int(top + end * (bottom - top))), 255, thick)
    else:
        center = (int(rng.integers(left, right + 1)), int(rng.integers(top, bottom + 1)))
        cv2.circle(out, center, int(rng.integers(1, 4)), int(rng.choice((0, 255))), -1)
    return out


def _add_pattern(rng: np.random.Generator, ink: np.ndarray) -> np.ndarray:
    """Add what a binarization leaves of printed paper: fine parallel lines or dots, paler than the pen."""
    pattern = np.zeros_like(ink)
    step = int(rng.integers(5, 16))
    shade = int(rng.integers(60, 190))
    if rng.random() < 0.5:
        lean = int(rng.integers(-CANVAS, CANVAS + 1))
        for at in range(-CANVAS, 2 * CANVAS, step):
            cv2.line(pattern, (at, 0), (at + lean, CANVAS), shade, 1)
    else:
        for y in range(int(rng.integers(0, step)), CANVAS, step):
            for x in range(int(rng.integers(0, step)), CANVAS, step):
                cv2.circle(pattern, (x, y), 1, shade, -1)
    # It is gone in most places, or the whole crop would be texture.
    patches = cv2.resize(rng.random((4, 4)).astype(np.float32), (CANVAS, CANVAS), interpolation=cv2.INTER_CUBIC)
    pattern[patches < rng.uniform(0.4, 0.8)] = 0
    columns, rows = np.flatnonzero(ink.max(axis=0) > 127), np.flatnonzero(ink.max(axis=1) > 127)
    if columns.size == 0:
        return ink
    near = (slice(max(0, rows[0] - 3), rows[-1] + 4), slice(max(0, columns[0] - 3), columns[-1] + 4))
    out = ink.copy()
    out[near] = np.maximum(ink[near], pattern[near])
    return out


OUT_OF_FOCUS = (0.035, 0.085)
"""Standard deviation of the blur of a picture out of focus, in rows of the canvas: 0.7 to 1.8 at a 15-pixel digit."""


MOTION = (0.08, 0.25)
"""Length of a smear, in rows of the canvas: an eighth to a third of a digit."""


def _blurred(rng: np.random.Generator, small: np.ndarray) -> np.ndarray:
    """A scanner's softness, a smear, or a camera out of focus; the last sharpened at times, as the reader does."""
    height = small.shape[0]
    chance = rng.random()
    if chance < 0.14:
        sigma = rng.uniform(*OUT_OF_FOCUS) * height
        soft = cv2.GaussianBlur(small, (0, 0), sigma)
        if rng.random() < 0.5:
            strength = rng.uniform(1.0, 4.0)
            soft = np.clip(
                cv2.addWeighted(soft, 1 + strength, cv2.GaussianBlur(soft, (0, 0), 2.5), -strength, 0), 0, 255
            )
        return soft
    if chance < 0.22:
        kernel = smear(rng, rng.uniform(*MOTION) * height)
        return cv2.filter2D(small, -1, kernel, borderType=cv2.BORDER_CONSTANT)
    if chance < 0.65:
        return cv2.GaussianBlur(small, (0, 0), rng.uniform(0.3, 0.3 + min(1.0, height / 40)))
    return small


def _body(ink: np.ndarray) -> np.ndarray:
    """An ink map (h, w) uint8 cut to its ink; empty where there is none."""
    columns, rows = np.flatnonzero(ink.max(axis=0) >= 64), np.flatnonzero(ink.max(axis=1) >= 64)
    if columns.size == 0:
        return ink[:0]
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def stretch_to_box(rng: np.random.Generator, ink: np.ndarray) -> np.ndarray:
    """Stretch a digit's ink towards a square, as collections that fill a fixed box deliver it; (h, w) uint8."""
    body = _body(ink)
    if not body.size:
        return ink
    height, width = body.shape
    wanted = np.exp((1.0 - rng.uniform(0.3, 1.0)) * np.log(width / height))
    side = int(np.clip(height, 12, 40))
    return cv2.resize(body, (max(2, round(side * wanted)), side), interpolation=cv2.INTER_AREA)


FILLED_SIDES = (12, 22)
"""Least and greatest side of the box that a collection of small digits is stretched to, pixels."""

MOST_STRETCHED = 2.5
"""Most by which a digit's width or height grows beside the other: a one would be a block."""


def fill_box(rng: np.random.Generator, shape: Shape, strength: float) -> np.ndarray:
    """Redraw a shape stretched over a small box, in gray or in black and white: (h, w) uint8 ink map."""
    side = int(rng.integers(*FILLED_SIDES))
    ink = ink_of(rng, shape, strength, side)
    body = _body(ink)
    if not body.size:
        return ink
    height, width = body.shape
    across = max(2, round(min(side, MOST_STRETCHED * side * width / height)))
    down = max(2, round(min(side, MOST_STRETCHED * side * height / width)))
    small = cv2.resize(body, (across, down), interpolation=cv2.INTER_AREA)
    return small if rng.random() < 0.4 else np.where(small > rng.uniform(70, 150), 255, 0).astype(np.uint8)


def capture(rng: np.random.Generator, ink: np.ndarray, height: int) -> np.ndarray:
    """What a scanner and the separation of ink from paper make of an ink map.

    Args:
        rng: source of all randomness.
        ink: (n, m) uint8 on the fine canvas.
        height: rows of the result, pixels; the canvas is scaled to it.

    Returns:
        (height, w) uint8 ink map at that resolution, as the reader would cut it.
    """
    width = max(1, round(ink.shape[1] * height / ink.shape[0]))
    small: np.ndarray = cv2.resize(ink, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
    small = _blurred(rng, small)
    contrast = rng.uniform(0.35, 1.0)
    picture = 255.0 - small * contrast
    if rng.random() < 0.3:  # pencil and dry ink: uneven along the stroke
        grain = rng.normal(1.0, 0.25, (max(2, height // 3), max(2, width // 3))).astype(np.float32)
        picture = 255.0 - (255.0 - picture) * np.clip(cv2.resize(grain, (width, height)), 0.3, 1.3)
    noise = abs(rng.normal(0.0, 9.0)) * contrast
    picture = picture + rng.standard_normal(picture.shape, dtype=np.float32) * noise
    gray = np.clip(picture, 0, 255).astype(np.uint8)
    if rng.random() < 0.3:
        _, data = cv2.imencode(".jpg", gray, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 90))])
        gray = np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE))
    dark = 255.0 - gray.astype(np.float32)
    dark /= max(1.0, float(np.percentile(dark, 99.0)))
    if rng.random() < 0.45:
        return np.where(dark > rng.uniform(0.25, 0.6), 255, 0).astype(np.uint8)
    floor = rng.uniform(0.1, 0.4)
    return np.clip((dark - floor) / (rng.uniform(0.75, 1.0) - floor) * 255, 0, 255).astype(np.uint8)


STRETCHED = 0.08
"""Share of digits stretched towards a square."""


def random_height(rng: np.random.Generator) -> int:
    """Rows of the whole canvas so that a digit on it is about 13 to 75 pixels high, small ones more often."""
    return int(np.exp(rng.uniform(np.log(19), np.log(105))))


def redraw(rng: np.random.Generator, shape: Shape, neighbour: np.ndarray, strength: float) -> np.ndarray:
    """Redraw a shape as the reader would cut it from a picture.

    Args:
        rng: source of all randomness.
        shape: the digit.
        neighbour: (84, 84) uint8 ink map of another digit, for the leftovers.
        strength: how much shapes may vary; 1 for handwriting, less for print.

    Returns:
        (h, w) uint8 ink map, ready for `normalize_ink`.
    """
    height = random_height(rng)
    ink = ink_of(rng, shape, strength, height)
    if rng.random() < 0.08:
        ink = _break_ink(rng, ink)
    if rng.random() < 0.16:
        ink = _add_leftovers(rng, ink, neighbour)
    if rng.random() < 0.05:
        ink = _add_pattern(rng, ink)
    captured = capture(rng, ink, height)
    return stretch_to_box(rng, captured) if rng.random() < STRETCHED else captured
