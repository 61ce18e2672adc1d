"""Pictures that are no mail, as they stray into a folder of scans: a reader must not give a code for them."""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np

from zipread.lab.synth import marks
from zipread.lab.synth.capture import Wear, wear
from zipread.lab.synth.hands import Prints
from zipread.lab.synth.ink import lay
from zipread.lab.synth.negatives import WORDS
from zipread.lab.synth.paper import smooth_noise

Stray = Literal["drawing", "plot", "scene", "text", "table", "receipt", "barcode", "noise"]
STRAYS: tuple[Stray, ...] = ("drawing", "plot", "scene", "text", "table", "receipt", "barcode", "noise")

SIDES = (600, 1600)
"""Least and greatest side of a picture, pixels."""


def make_stray(rng: np.random.Generator, prints: Prints, kind: Stray) -> np.ndarray:
    """Make a picture that is no mail: (h, w, 3) uint8, blue-green-red.

    prints: fonts for its words and numbers.
    """
    height, width = (int(side) for side in rng.integers(*SIDES, 2))
    if kind == "receipt":
        width = int(height * rng.uniform(0.35, 0.6))
    sheet = np.empty((height, width, 3), np.float32)
    sheet[:] = rng.uniform(225, 255) - rng.uniform(0, 12, 3)
    makers = {
        "drawing": _draw,
        "plot": _plot,
        "scene": _scene,
        "text": _text,
        "table": _table,
        "receipt": _receipt,
        "barcode": _barcodes,
        "noise": _noise,
    }
    makers[kind](rng, sheet, prints)
    how = Wear(blur=rng.uniform(0, 0.8), noise=rng.uniform(0, 4), quality=int(rng.integers(65, 101)))
    return wear(rng, sheet, how)


def _write(
    rng: np.random.Generator, sheet: np.ndarray, prints: Prints, text: str, at: tuple[float, float], height: float
) -> None:
    """Print a line of text with its foot at `at` (x, y)."""
    line = prints.line(prints.choose(rng), text, height)
    lay(sheet, line.coverage, (round(at[0]), round(at[1] + line.top)), np.full(3, rng.uniform(0, 80)))


def _draw(rng: np.random.Generator, sheet: np.ndarray, prints: Prints) -> None:
    """Circles, boxes, curves and scribbles."""
    height, width = sheet.shape[:2]
    for _ in range(int(rng.integers(5, 30))):
        colour = tuple(float(v) for v in rng.uniform(0, 200, 3))
        x, y = (int(v) for v in rng.uniform((0, 0), (width, height)))
        size, line = int(rng.uniform(0.02, 0.2) * min(height, width)), int(rng.integers(1, 7))
        shape = int(rng.integers(4))
        if shape == 0:
            cv2.circle(sheet, (x, y), size, colour, line if rng.random() < 0.7 else -1, cv2.LINE_AA)
        elif shape == 1:
            cv2.rectangle(sheet, (x, y), (x + size, y + int(size * rng.uniform(0.3, 2))), colour, line)
        elif shape == 2:
            scrawl = marks.scribble(rng, (size + 8, 3 * size + 8), line)
            lay(sheet, scrawl, (x, y), np.array(colour))
        else:
            points = np.array([x, y]) + np.cumsum(rng.normal(0, size / 2, (6, 2)), axis=0)
            path = np.round(marks.curve(points)).astype(np.int32)
            cv2.polylines(sheet, [path], False, colour, line, cv2.LINE_AA)


def _plot(rng: np.random.Generator, sheet: np.ndarray, prints: Prints) -> None:
    """Axes with numbers on them and a few curves."""
    height, width = sheet.shape[:2]
    left, bottom = int(0.14 * width), int(0.87 * height)
    cv2.line(sheet, (left, int(0.07 * height)), (left, bottom), (20, 20, 20), 2)
    cv2.line(sheet, (left, bottom), (int(0.95 * width), bottom), (20, 20, 20), 2)
    size, step = max(10.0, 0.018 * height), 10.0 ** rng.integers(-1, 5)
    for tick in range(7):
        x, y = left + tick * 0.12 * width, bottom - tick * 0.12 * height
        _write(rng, sheet, prints, f"{tick * 10:d}", (x - size, bottom + 2 * size), size)
        _write(rng, sheet, prints, f"{tick * step:g}", (0.03 * width, y + size / 2), size)
    for _ in range(int(rng.integers(1, 5))):
        values = np.clip(0.5 + np.cumsum(rng.normal(0, 0.02, 120)), 0.02, 0.98)
        x = np.linspace(left, 0.95 * width, 120)
        points = np.column_stack([x, bottom - values * 0.8 * height])
        colour = tuple(float(v) for v in rng.uniform(0, 200, 3))
        cv2.polylines(sheet, [np.round(points).astype(np.int32)], False, colour, int(rng.integers(1, 4)), cv2.LINE_AA)
    _write(rng, sheet, prints, str(rng.choice(WORDS)), (0.45 * width, 0.05 * height), 1.3 * size)


def _scene(rng: np.random.Generator, sheet: np.ndarray, prints: Prints) -> None:
    """Light, surfaces and leaves, as in a photograph without writing."""
    height, width = sheet.shape[:2]
    sheet[:] = rng.uniform(60, 190, 3)
    for size in (width / 2, width / 8, width / 30, 6.0, 2.0):
        sheet += smooth_noise(rng, (height, width), size)[:, :, None] * rng.uniform(4, 22, 3).astype(np.float32)
    for _ in range(int(rng.integers(10, 150))):
        centre = tuple(int(v) for v in rng.uniform((0, 0), (width, height)))
        axes = tuple(int(v) for v in rng.uniform(3, 0.06 * width, 2))
        colour = tuple(float(v) for v in rng.uniform(10, 245, 3))
        cv2.ellipse(sheet, centre, axes, float(rng.uniform(0, 180)), 0, float(rng.uniform(90, 360)), colour, -1)
    np.clip(sheet, 0, 255, out=sheet)


def _text(rng: np.random.Generator, sheet: np.ndarray, prints: Prints) -> None:
    """A page of words with years, amounts and telephone numbers in it, perhaps light on dark."""
    height, width = sheet.shape[:2]
    font = prints.choose(rng)
    size = rng.uniform(9, 22)
    y = 3 * size
    while y < height - 2 * size:
        x = 2 * size
        while x < width - 14 * size:
            word = _number(rng) if rng.random() < 0.12 else str(rng.choice(WORDS)).lower()
            line = prints.line(font, word, size)
            lay(sheet, line.coverage, (round(x), round(y + line.top)), np.full(3, 30.0))
            x += line.coverage.shape[1] + 0.6 * size
        y += rng.choice([1.9, 1.9, 1.9, 3.4]) * size
    if rng.random() < 0.4:
        sheet[:] = 255 - sheet


def _number(rng: np.random.Generator) -> str:
    """A number as texts have them; none is five digits long."""
    kind = int(rng.integers(5))
    if kind == 0:
        return str(rng.integers(1900, 2030))
    if kind == 1:
        return f"${rng.integers(1, 999)}.{rng.integers(100):02d}"
    if kind == 2:
        return f"({rng.integers(200, 999)}) {rng.integers(200, 999)}-{rng.integers(10_000):04d}"
    if kind == 3:
        return f"{rng.integers(1, 13)}/{rng.integers(1, 29)}/{rng.integers(1990, 2030)}"
    return f"{rng.integers(100_000, 9_999_999)}"


def _table(rng: np.random.Generator, sheet: np.ndarray, prints: Prints) -> None:
    """Columns of numbers, ruled or not."""
    height, width = sheet.shape[:2]
    size = rng.uniform(11, 24)
    font, pitch, columns = prints.choose(rng), size * rng.uniform(1.8, 2.6), int(rng.integers(3, 7))
    ruled = rng.random() < 0.6
    for row in range(int((height - 3 * size) / pitch)):
        y = 2.5 * size + row * pitch
        for column in range(columns):
            text = str(rng.choice(WORDS)) if row == 0 or column == 0 else _number(rng)
            line = prints.line(font, text, size)
            at = (round((column + 0.1) * width / columns), round(y + line.top))
            lay(sheet, line.coverage, at, np.full(3, 40.0))
        if ruled:
            cv2.line(sheet, (0, round(y + 0.5 * size)), (width, round(y + 0.5 * size)), (120, 120, 120), 1)


def _receipt(rng: np.random.Generator, sheet: np.ndarray, prints: Prints) -> None:
    """What a till prints: goods, prices, a date, a long number at the end."""
    height, width = sheet.shape[:2]
    size = width / rng.uniform(24, 34)
    font = prints.choose(rng)
    rows = [
        str(rng.choice(WORDS)).upper(),
        f"{rng.integers(1, 13):02d}/{rng.integers(1, 29):02d}/{rng.integers(2000, 2030)} {rng.integers(24):02d}:30",
    ]
    rows += [f"{rng.choice(WORDS)} {rng.integers(1, 99)}.{rng.integers(100):02d}" for _ in range(rng.integers(4, 16))]
    rows += ["TOTAL", f"{rng.integers(10, 999)}.{rng.integers(100):02d}", f"{rng.integers(10**11, 10**12)}"]
    for index, text in enumerate(rows):
        y = 3 * size + 2 * index * size
        if y > height - size:
            break
        line = prints.line(font, text, size)
        lay(sheet, line.coverage, (round(1.5 * size), round(y + line.top)), np.full(3, 60.0))


def _barcodes(rng: np.random.Generator, sheet: np.ndarray, prints: Prints) -> None:
    """Bars for tills and for mail, with a long number under them."""
    height, width = sheet.shape[:2]
    for _ in range(int(rng.integers(1, 4))):
        tall, long = round(height * rng.uniform(0.05, 0.25)), round(width * rng.uniform(0.3, 0.6))
        x, y = round(rng.uniform(0, width - long)), round(rng.uniform(0, 0.9 * height - tall))
        kind: Literal["linear", "postal"] = "linear" if rng.random() < 0.7 else "postal"
        bars = marks.barcode(rng, (tall, long) if kind == "linear" else (max(12, tall // 5), long), kind)
        lay(sheet, bars, (x, y), np.full(3, 20.0))
        if kind == "linear":
            size = max(10.0, 0.12 * tall)
            number = f"{rng.integers(10**11, 10**12)}"
            _write(rng, sheet, prints, number, (x + 0.1 * long, y + tall + 1.6 * size), size)


def _noise(rng: np.random.Generator, sheet: np.ndarray, prints: Prints) -> None:
    """Grain from fine to coarse, black and white or gray."""
    shape = (sheet.shape[0], sheet.shape[1])
    gray = 128 + smooth_noise(rng, shape, float(np.exp(rng.uniform(0, 3.5)))) * rng.uniform(10, 90)
    if rng.random() < 0.4:
        gray = np.where(gray > rng.uniform(60, 190), 250.0, 10.0).astype(np.float32)
    sheet[:] = np.clip(gray, 0, 255)[:, :, None]
