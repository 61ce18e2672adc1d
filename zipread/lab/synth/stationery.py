"""What mail is made of besides its addresses: paper, stamps, imprints, postmarks, endorsements, windows, labels."""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np

from zipread.lab.synth import marks
from zipread.lab.synth.hands import Prints
from zipread.lab.synth.ink import lay
from zipread.lab.synth.paper import smooth_noise
from zipread.records import Box

Envelope = Literal["white", "cream", "kraft", "coloured", "recycled", "patterned"]
ENVELOPES: tuple[Envelope, ...] = ("white", "cream", "kraft", "coloured", "recycled", "patterned")

ENDORSEMENTS = (
    "RETURN SERVICE REQUESTED",
    "ELECTRONIC SERVICE REQUESTED",
    "ADDRESS SERVICE REQUESTED",
    "FIRST-CLASS MAIL",
    "PLEASE DO NOT BEND",
    "PERSONAL AND CONFIDENTIAL",
)

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


def make_envelope(rng: np.random.Generator, height: int, width: int, kind: Envelope) -> np.ndarray:
    """Make the front of an empty envelope: (height, width, 3) float32, blue-green-red, 0..255."""
    base = {
        "white": (rng.uniform(235, 252) + rng.uniform(-4, 3, 3)),
        "cream": np.array([205, 228, 240]) + rng.uniform(-12, 8, 3),
        "kraft": np.array([110, 155, 190]) * rng.uniform(0.9, 1.12),
        "coloured": rng.uniform(165, 245, 3),
        "recycled": rng.uniform(195, 222) + rng.uniform(-6, 6, 3),
        "patterned": rng.uniform(225, 250) + rng.uniform(-10, 3, 3),
    }[kind]
    sheet = np.empty((height, width, 3), np.float32)
    sheet[:] = np.clip(base, 0, 252)
    strength = {"kraft": 5.0, "recycled": 4.0}.get(kind, 1.2)
    fibres = smooth_noise(rng, (height, width), 3) * strength + smooth_noise(rng, (height, width), width / 6) * 2
    sheet += fibres[:, :, None]
    if kind == "patterned":
        _print_pattern(rng, sheet)
    if rng.random() < 0.12:  # a security tint shining through
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        pitch = rng.uniform(6, 14)
        sheet -= (np.sin(x * 2 * np.pi / pitch) * np.sin(y * 2 * np.pi / pitch) * rng.uniform(1, 5))[:, :, None]
    return np.clip(sheet, 0, 255)


def _print_pattern(rng: np.random.Generator, sheet: np.ndarray) -> None:
    """Print stripes, checks or dots all over a sheet, paler than any writing, in place."""
    height, width = sheet.shape[:2]
    pitch = rng.uniform(0.01, 0.05) * width
    turn = rng.uniform(0, np.pi)
    x, y = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)[:, None]
    along = np.cos(2 * np.pi / pitch * (x * np.cos(turn) + y * np.sin(turn)))
    across = np.cos(2 * np.pi / pitch * (y * np.cos(turn) - x * np.sin(turn)))
    wave = (along, np.maximum(along, across), (along + across) / 2)[rng.integers(3)]
    cover = np.clip((wave - rng.uniform(0.0, 0.6)) * rng.uniform(1.5, 6), 0, 1)
    sheet -= cover[:, :, None] * rng.uniform(10, 45, 3)


def put_stamp(rng: np.random.Generator, sheet: np.ndarray, prints: Prints, dpi: float) -> Box:
    """Stick a stamp into the upper right corner, in place."""
    height, width = (int(dpi * inches) for inches in rng.uniform((0.8, 0.7), (1.1, 1.0)))
    tile = np.clip(rng.uniform(40, 235, 3) + 25 * _colour_noise(rng, height, width), 0, 255).astype(np.float32)
    for _ in range(int(rng.integers(1, 4))):  # some picture
        centre = tuple(int(v) for v in rng.uniform((0.2 * width, 0.2 * height), (0.8 * width, 0.7 * height)))
        colour = tuple(float(c) for c in rng.uniform(20, 250, 3))
        cv2.circle(tile, centre, int(rng.uniform(0.1, 0.35) * width), colour, -1, cv2.LINE_AA)
    font = prints.choose(rng)
    for text, y in (("USA", 0.88), (str(rng.choice(["FOREVER", "68", "55", "29c", "2 oz"])), 0.22)):
        glyph = prints.line(font, text, height * rng.uniform(0.07, 0.12))
        lay(tile, glyph.coverage, (int(0.1 * width), int(y * height) + round(glyph.top)), np.array([250.0] * 3))
    edge = max(2, int(0.05 * width))
    tile[:edge], tile[-edge:], tile[:, :edge], tile[:, -edge:] = 245, 245, 245, 245
    x = sheet.shape[1] - width - int(dpi * rng.uniform(0.15, 0.5))
    y = int(dpi * rng.uniform(0.12, 0.4))
    coverage = np.ones((height, width), np.float32)
    pitch = max(3, int(dpi * 0.06))
    for along in range(0, width, pitch):
        for across in (0, height - 1):
            cv2.circle(coverage, (along, across), pitch // 3, 0.0, -1)
    for along in range(0, height, pitch):
        for across in (0, width - 1):
            cv2.circle(coverage, (across, along), pitch // 3, 0.0, -1)
    part = sheet[y : y + height, x : x + width]
    part += coverage[: part.shape[0], : part.shape[1], None] * (tile[: part.shape[0], : part.shape[1]] - part)
    return Box(x, y, width, height)


def _colour_noise(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    return np.dstack([smooth_noise(rng, (height, width), width / 3) for _ in range(3)])


def put_imprint(rng: np.random.Generator, sheet: np.ndarray, prints: Prints, dpi: float) -> Box:
    """Print a permit imprint into the upper right corner, in place."""
    permit = f"PERMIT NO. {rng.integers(10, 9999)}"
    kind = str(rng.choice(["PRESORTED", "FIRST-CLASS MAIL", "NONPROFIT ORG"]))
    font = prints.choose(rng)
    lines = [prints.line(font, text, dpi * 0.075) for text in (kind, "U.S. POSTAGE", "PAID", permit)]
    width = max(line.coverage.shape[1] for line in lines) + int(0.2 * dpi)
    pitch = dpi * 0.125
    height = int(pitch * len(lines) + 0.15 * dpi)
    x, y = sheet.shape[1] - width - int(dpi * rng.uniform(0.2, 0.4)), int(dpi * rng.uniform(0.15, 0.35))
    ink = np.full(3, rng.uniform(10, 70))
    for index, line in enumerate(lines):
        left = x + (width - line.coverage.shape[1]) // 2
        lay(sheet, line.coverage, (left, round(y + pitch * (index + 1) + line.top)), ink)
    cv2.rectangle(sheet, (x, y), (x + width, y + height), ink.tolist(), max(1, int(dpi / 100)))
    return Box(x, y, width, height)


def put_postmark(rng: np.random.Generator, sheet: np.ndarray, prints: Prints, stamp: Box, dpi: float) -> None:
    """Cancel a stamp with a postmark left of it and its waves across it, in place."""
    diameter = dpi * rng.uniform(0.8, 1.1)
    coverage = marks.postmark(rng, diameter, max(1.0, dpi * rng.uniform(0.008, 0.016)))
    font = prints.choose(rng)
    date = f"{rng.integers(1, 29)} {MONTHS[rng.integers(12)]} {rng.integers(1995, 2027)}"
    town = f"{rng.choice(['P&DC', 'WESTERN', 'NORTH', 'METRO'])} {rng.integers(10, 999):03d}"
    for text, y in ((town, 0.42), (date, 0.56), (str(rng.choice(["PM", "AM"])), 0.7)):
        glyph = prints.line(font, text, diameter * 0.075)
        lay(coverage, glyph.coverage, (int(0.53 * diameter - glyph.coverage.shape[1] / 2), int(y * diameter)), 1.0)
    patchy = np.clip(0.75 + 0.25 * smooth_noise(rng, (coverage.shape[0], coverage.shape[1]), dpi * 0.15), 0.15, 1)
    x = stamp.x + round(stamp.width * rng.uniform(0.1, 0.8)) - round(diameter * rng.uniform(1.3, 2.2))
    y = stamp.y + round(dpi * rng.uniform(-0.15, 0.15))
    ink = np.full(3, rng.uniform(20, 90)) + rng.uniform(-10, 10, 3)
    lay(sheet, (coverage * patchy).astype(np.float32), (x, y), ink, rng.uniform(0.5, 0.95))


def put_cancellation(rng: np.random.Generator, sheet: np.ndarray, box: Box, dpi: float) -> None:
    """Run the wavy lines of a cancelling machine over an address, near its code at `box`, in place."""
    diameter = dpi * rng.uniform(0.8, 1.0)
    coverage = marks.postmark(rng, diameter, max(1.0, dpi * rng.uniform(0.006, 0.012)))
    waves = coverage[:, round(1.06 * diameter) :]
    x = box.x + round(rng.uniform(-0.8, 0.8) * box.width)
    y = box.y + round(rng.uniform(-0.9, 0.1) * coverage.shape[0])
    lay(sheet, np.ascontiguousarray(waves), (x, y), np.full(3, rng.uniform(60, 130)), rng.uniform(0.3, 0.7))


def put_postal_barcode(rng: np.random.Generator, sheet: np.ndarray, box: Box) -> None:
    """Print the bars that sorting machines read, in place."""
    coverage = marks.barcode(rng, (box.height, box.width), "postal")
    lay(sheet, coverage, (box.x, box.y), np.full(3, rng.uniform(10, 60)), rng.uniform(0.7, 1.0))


def put_sorting_tag(rng: np.random.Generator, sheet: np.ndarray, dpi: float) -> None:
    """Print the pale orange bars of a sorting machine at the lower edge, in place."""
    height, width = int(dpi * 0.18), int(dpi * 2.2)
    coverage = marks.barcode(rng, (height, width), "postal")
    at = (sheet.shape[1] - width - int(dpi * 0.3), sheet.shape[0] - height - int(dpi * 0.15))
    lay(sheet, coverage, at, np.array([140.0, 170.0, 250.0]), rng.uniform(0.4, 0.8))


def put_window(rng: np.random.Generator, sheet: np.ndarray, box: Box) -> None:
    """Cut a window with a letter behind it, in place."""
    radius = int(min(box.width, box.height) * 0.08)
    mask = np.zeros(sheet.shape[:2], np.float32)
    cv2.rectangle(mask, (box.x + radius, box.y), (box.right - radius, box.bottom), 1.0, -1)
    cv2.rectangle(mask, (box.x, box.y + radius), (box.right, box.bottom - radius), 1.0, -1)
    for x in (box.x + radius, box.right - radius):
        for y in (box.y + radius, box.bottom - radius):
            cv2.circle(mask, (x, y), radius, 1.0, -1, cv2.LINE_AA)
    behind = np.full(3, rng.uniform(215, 245))
    lay(sheet, mask, (0, 0), behind)
    rim = cv2.morphologyEx(mask, cv2.MORPH_GRADIENT, np.ones((5, 5), np.uint8))
    lay(sheet, rim, (0, 0), behind - rng.uniform(30, 80), 0.7)
    for _ in range(int(rng.integers(0, 3))):  # light on the film
        x = int(rng.uniform(box.x, box.right))
        streak = np.zeros_like(mask)
        lean = int(rng.uniform(-0.6, 0.6) * box.height)
        cv2.line(streak, (x, box.y), (x + lean, box.bottom), 1.0, max(2, int(rng.uniform(0.02, 0.06) * box.width)))
        lay(sheet, cv2.blur(streak, (15, 15)) * mask, (0, 0), np.full(3, 252.0), rng.uniform(0.15, 0.45))


def put_label(rng: np.random.Generator, sheet: np.ndarray, box: Box) -> None:
    """Stick a white label on, in place."""
    x, y = max(0, box.x), max(0, box.y)
    sheet[y : box.bottom, x : box.right] = rng.uniform(232, 252)
    cv2.rectangle(sheet, (x, y), (box.right, box.bottom), [float(rng.uniform(150, 215))] * 3, 1)
