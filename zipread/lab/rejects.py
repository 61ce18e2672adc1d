"""What cutting really produces besides digits: the training data of the class "not one digit"."""

from __future__ import annotations

import cv2
import numpy as np

from zipread.lab.augment import capture, random_height
from zipread.lab.shapes import CANVAS

DIGIT_LIKE_LETTERS = frozenset("OoQDIiljJ|SsZzBbGgqTty")
"""Letters whose shape is a digit's in some hand or font: they teach neither class."""

LETTERS = tuple(c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" if c not in DIGIT_LIKE_LETTERS)
SYMBOLS = tuple("&%$#@?*+=~<>")

MIN_ASPECT = 0.34
"""Width by height below which a piece of a digit is a plain stroke, which is a one as well."""


def _ink_box(ink: np.ndarray) -> tuple[int, int, int, int] | None:
    """Left, top, right, bottom (both last exclusive) of the ink, or None where there is none."""
    columns = np.flatnonzero(ink.max(axis=0) > 127)
    rows = np.flatnonzero(ink.max(axis=1) > 127)
    if columns.size == 0:
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def piece(rng: np.random.Generator, ink: np.ndarray) -> np.ndarray | None:
    """A half or a third of a digit, cut off by a steep line; None where what is left may pass for a digit."""
    box = _ink_box(ink)
    if box is None:
        return None
    left, top, right, bottom = box
    share = rng.uniform(0.2, 0.45)
    keep_left = rng.random() < 0.5
    cut = left + (right - left) * (share if keep_left else 1 - share)
    lean = rng.normal(0.0, 0.15) * (bottom - top)
    keep = np.zeros_like(ink)
    if keep_left:
        polygon = [(0, 0), (cut + lean, 0), (cut - lean, CANVAS), (0, CANVAS)]
    else:
        polygon = [(CANVAS, 0), (cut + lean, 0), (cut - lean, CANVAS), (CANVAS, CANVAS)]
    cv2.fillPoly(keep, [np.round(np.array(polygon)).astype(np.int32)], 255)
    rest = cv2.bitwise_and(ink, keep)
    box = _ink_box(rest)
    if box is None or (box[2] - box[0]) / (box[3] - box[1]) < MIN_ASPECT:
        return None
    return rest


def pair(rng: np.random.Generator, left: np.ndarray, right: np.ndarray, share: float) -> np.ndarray | None:
    """A digit and the nearer `share` (0 to 1) of its neighbour, touching or nearly so, on a wider canvas."""
    a, b = _ink_box(left), _ink_box(right)
    if a is None or b is None:
        return None
    first = left[:, a[0] : a[2]]
    second = right[:, b[0] : b[2]]
    width = max(3, round(share * second.shape[1]))
    if rng.random() < 0.5:
        second = second[:, :width]
    else:
        width = max(3, round(share * first.shape[1]))
        first = first[:, -width:]
    overlap = int(rng.integers(-4, 5))
    shift = int(rng.integers(-6, 7))
    out = np.zeros((CANVAS, first.shape[1] + second.shape[1] + 8), np.uint8)
    out[:, : first.shape[1]] = first
    at = max(0, first.shape[1] - overlap)
    moved = np.roll(second, shift, axis=0)
    out[:, at : at + second.shape[1]] = np.maximum(out[:, at : at + second.shape[1]], moved)
    return out


MIDDLE = CANVAS // 2


def _dash(rng: np.random.Generator, out: np.ndarray, thick: int) -> None:
    """A dash, or a line piece of any slope that is not a one's."""
    angle = np.deg2rad(rng.uniform(-40, 40))
    reach = rng.uniform(12, 36)
    dx, dy = np.cos(angle) * reach, np.sin(angle) * reach
    cv2.line(out, (round(MIDDLE - dx), round(MIDDLE - dy)), (round(MIDDLE + dx), round(MIDDLE + dy)), 255, thick)


def _dot(rng: np.random.Generator, out: np.ndarray, thick: int) -> None:
    """A dot or a stain."""
    width = int(rng.integers(8, 30))
    axes = (width, int(width * rng.uniform(0.4, 1.3)))
    cv2.ellipse(out, (MIDDLE, MIDDLE), axes, rng.uniform(-30, 30), 0, 360, 255, -1)


def _crossing(rng: np.random.Generator, out: np.ndarray, thick: int) -> None:
    """Lines that cross or meet."""
    for _ in range(2):
        x, y = rng.uniform(20, 64, 2)
        if rng.random() < 0.5:
            cv2.line(out, (round(x), 8), (round(x), 76), 255, thick // 2 + 1)
        else:
            cv2.line(out, (8, round(y)), (76, round(y)), 255, thick // 2 + 1)
    cv2.line(out, (8, int(rng.integers(10, 74))), (76, int(rng.integers(10, 74))), 255, thick // 2 + 1)


def _wave(rng: np.random.Generator, out: np.ndarray, thick: int) -> None:
    """A wave of a postmark."""
    xs = np.arange(4, 80)
    ys = MIDDLE + rng.uniform(4, 14) * np.sin(xs / rng.uniform(5, 14) + rng.uniform(0, 6))
    cv2.polylines(out, [np.stack((xs, ys), 1).astype(np.int32)], False, 255, thick // 2 + 1)


def _scribble(rng: np.random.Generator, out: np.ndarray, thick: int) -> None:
    points = rng.uniform(8, 76, (int(rng.integers(5, 14)), 2))
    cv2.polylines(out, [points.astype(np.int32)], False, 255, thick // 2 + 1)


def _bars(rng: np.random.Generator, out: np.ndarray, thick: int) -> None:
    """Strokes side by side or above each other: bars, an equals sign, a grid."""
    step = int(rng.integers(10, 24))
    for at in range(10, 76, step):
        start, end = (at, 12), (at + int(rng.integers(-3, 4)), 72)
        if rng.random() < 0.5:
            cv2.line(out, start, end, 255, max(1, thick // 2))
        else:
            cv2.line(out, start[::-1], end[::-1], 255, max(1, thick // 2))


def _blob(rng: np.random.Generator, out: np.ndarray, thick: int) -> None:
    """A torn blob: smooth noise cut at a level."""
    noise = cv2.resize(rng.normal(0, 1, (7, 7)).astype(np.float32), (CANVAS, CANVAS), interpolation=cv2.INTER_CUBIC)
    out[noise > rng.uniform(0.0, 0.9)] = 255


MARKS = (_dash, _dot, _crossing, _wave, _scribble, _bars, _blob)


def mark(rng: np.random.Generator) -> np.ndarray:
    """A dash, dot, line piece, crossing, arc, stain, scribble or bit of a stamp: (84, 84) uint8, 255 on ink."""
    out = np.zeros((CANVAS, CANVAS), np.uint8)
    draw = MARKS[int(rng.integers(0, len(MARKS)))]
    draw(rng, out, int(rng.integers(2, 12)))
    return out


def cross(rng: np.random.Generator) -> np.ndarray:
    """The cross of a struck-out cell, flat or steep, its arms of unequal length and a little bent: (84, 84) uint8."""
    out = np.zeros((CANVAS, CANVAS), np.uint8)
    thick = int(rng.integers(2, 11))
    middle = MIDDLE + rng.uniform(-5, 5, 2)
    for slope in (-np.deg2rad(rng.uniform(22, 62)), np.deg2rad(rng.uniform(22, 68))):
        along = np.array((np.cos(slope), np.sin(slope)))
        start, stop = middle - along * rng.uniform(16, 38), middle + along * rng.uniform(16, 38)
        bend = middle + along[::-1] * (-1, 1) * rng.normal(0.0, 2.0)
        cv2.polylines(out, [np.rint((start, bend, stop)).astype(np.int32)], False, 255, thick)
    return out


def as_cut(rng: np.random.Generator, ink: np.ndarray) -> np.ndarray:
    """A reject as the reader would cut it: the same capture as a digit's."""
    return capture(rng, ink, random_height(rng))
