"""Paper: what a field is written on. Gray pictures, without ink."""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np

Paper = Literal["white", "gray", "kraft", "gradient", "security", "guilloche", "ruled", "screen"]
PAPERS: tuple[Paper, ...] = ("white", "gray", "kraft", "gradient", "security", "guilloche", "ruled", "screen")

GUILLOCHE_SPACING = (0.1, 0.36)
"""From line to line of a family, in digit heights."""

GUILLOCHE_DEPTH = (20.0, 95.0)
"""How much darker than the paper its lines are where they cross, gray levels."""

GUILLOCHE_SHARPNESS = (0.6, 4.0)
"""Power of the raised cosine that is the profile of a line: at 0.6 broader than the gap, at 4 a quarter of it."""


def make_paper(rng: np.random.Generator, height: int, width: int, kind: Paper, digit_height: float) -> np.ndarray:
    """Make a sheet: (height, width) float32 gray levels, 0..255.

    digit_height: pixels; patterns keep their size relative to it.
    """
    makers = {
        "gradient": _gradient,
        "security": _security,
        "guilloche": _guilloche,
        "ruled": _ruled,
        "screen": _screen,
        "kraft": _kraft,
    }
    levels = {
        "white": (225, 256),
        "gray": (175, 225),
        "kraft": (145, 195),
        "security": (170, 235),
        "guilloche": (170, 245),
        "screen": (165, 230),
    }
    low, high = levels.get(kind, (215, 252))
    sheet = np.full((height, width), rng.uniform(low, high), np.float32)
    if kind in makers:
        makers[kind](rng, sheet, digit_height)
    return np.clip(sheet, 0, 255)


def smooth_noise(rng: np.random.Generator, shape: tuple[int, int], size: float) -> np.ndarray:
    """Noise with structures of about `size` pixels: `shape` float32, mean 0, standard deviation about 1."""
    rows, columns = (max(2, int(np.ceil(length / max(size, 1)))) + 1 for length in shape)
    coarse = rng.standard_normal((rows, columns)).astype(np.float32)
    return cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_CUBIC)


def _gradient(rng: np.random.Generator, sheet: np.ndarray, digit_height: float) -> None:
    height, width = sheet.shape
    across = np.linspace(-0.5, 0.5, width, dtype=np.float32)
    down = np.linspace(-0.5, 0.5, height, dtype=np.float32)[:, None]
    depth = rng.uniform(15, 70)
    angle = rng.uniform(0, 2 * np.pi)
    sheet += depth * (np.cos(angle) * across + np.sin(angle) * down) - depth / 2
    if rng.random() < 0.4:  # the edge of a shadow
        edge = (
            (across * np.cos(angle) + down * 0.3 - rng.uniform(-0.3, 0.3))
            * width
            / (digit_height * rng.uniform(0.2, 2))
        )
        sheet -= rng.uniform(15, 60) / (1 + np.exp(-np.clip(edge, -30, 30)))


def _kraft(rng: np.random.Generator, sheet: np.ndarray, digit_height: float) -> None:
    height, width = sheet.shape
    sheet += smooth_noise(rng, (height, width), digit_height * 0.7) * rng.uniform(1, 4)
    sheet += smooth_noise(rng, (height, width), 2) * rng.uniform(2, 6)
    if rng.random() < 0.5:  # the faint stripes of laid kraft
        stripes = np.sin(np.arange(height, dtype=np.float32) * 2 * np.pi / rng.uniform(4, 9))[:, None]
        sheet += stripes * rng.uniform(1, 4)


def _security(rng: np.random.Generator, sheet: np.ndarray, digit_height: float) -> None:
    """Fine curved lines in one or two families, as on cheques."""
    height, width = sheet.shape
    x = np.arange(width, dtype=np.float32) / digit_height
    y = (np.arange(height, dtype=np.float32) / digit_height)[:, None]
    depth = rng.uniform(12, 55)
    for _ in range(rng.integers(1, 3)):
        spacing = rng.uniform(0.08, 0.3)
        if rng.random() < 0.35:  # rings, as in grown wood
            centre = rng.uniform(-1, width / digit_height + 1), rng.uniform(-2, 3)
            phase = np.hypot(x - centre[0], (y - centre[1]) * rng.uniform(1, 2)) + 0.1 * np.sin(3 * x)
        else:
            wave = rng.uniform(0, 0.5) * np.sin(x * rng.uniform(0.8, 5) + rng.uniform(0, 6))
            phase = y + wave + 0.15 * np.sin(x * rng.uniform(3, 9)) + x * rng.uniform(-0.6, 0.6)
        position = phase / spacing
        near = np.abs(position - np.round(position)) * spacing * digit_height  # pixels from the nearest line
        sheet -= depth * np.clip(rng.uniform(0.6, 1.3) - near, 0, 1)
    sheet += smooth_noise(rng, (height, width), digit_height * 2) * rng.uniform(0, 8)


def _guilloche(rng: np.random.Generator, sheet: np.ndarray, digit_height: float) -> None:
    """Broad soft lines in one to three families that cross, as on bonds and cheques that were scanned coarsely."""
    height, width = sheet.shape
    x = np.arange(width, dtype=np.float32) / digit_height
    y = (np.arange(height, dtype=np.float32) / digit_height)[:, None]
    families = int(rng.integers(1, 4))
    depth = rng.uniform(*GUILLOCHE_DEPTH) / families
    for _ in range(families):
        if rng.random() < 0.3:  # rings around a point in or near the field
            centre = rng.uniform(-1, width / digit_height + 1), rng.uniform(-2, 3)
            across = np.hypot(x - centre[0], (y - centre[1]) * rng.uniform(1, 2)) + 0.1 * np.sin(3 * x)
        else:
            angle = rng.choice([rng.normal(0, 0.15), rng.uniform(-np.pi / 2, np.pi / 2)])
            along = x * np.cos(angle) + y * np.sin(angle)
            across = y * np.cos(angle) - x * np.sin(angle)
            across = across + rng.uniform(0, 0.3) * np.sin(along * rng.uniform(0.5, 6) + rng.uniform(0, 6))
            across = across + rng.uniform(0, 0.1) * np.sin(along * rng.uniform(3, 12))
        waves = (1 + np.cos(across * (2 * np.pi / rng.uniform(*GUILLOCHE_SPACING)))) / 2
        strength = 1 + 0.3 * rng.uniform(0, 1) * smooth_noise(rng, (height, width), digit_height)
        sheet -= depth * strength * waves ** rng.uniform(*GUILLOCHE_SHARPNESS)


def _ruled(rng: np.random.Generator, sheet: np.ndarray, digit_height: float) -> None:
    height, width = sheet.shape
    spacing = digit_height * rng.uniform(1.3, 2.2)
    thickness = max(1, round(digit_height * rng.uniform(0.015, 0.05)))
    depth = rng.uniform(20, 90)
    for y in np.arange(rng.uniform(0, spacing), height, spacing):
        sheet[int(y) : int(y) + thickness] -= depth
    if rng.random() < 0.3:  # squared paper
        for x in np.arange(rng.uniform(0, spacing), width, spacing):
            sheet[:, int(x) : int(x) + thickness] -= depth


def _screen(rng: np.random.Generator, sheet: np.ndarray, digit_height: float) -> None:
    """A tint printed as dots or woven stripes."""
    height, width = sheet.shape
    pitch = max(2.2, digit_height * rng.uniform(0.06, 0.16))
    angle = rng.uniform(0, np.pi / 2)
    x = np.arange(width, dtype=np.float32)
    y = np.arange(height, dtype=np.float32)[:, None]
    along = np.sin((x * np.cos(angle) + y * np.sin(angle)) * 2 * np.pi / pitch)
    across = np.sin((y * np.cos(angle) - x * np.sin(angle)) * 2 * np.pi / (pitch * rng.uniform(0.8, 1.5)))
    sheet += rng.uniform(6, 22) * along * across
