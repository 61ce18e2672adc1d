"""Distort lines anew each time the second reader's network sees them, so that a made set lasts for several passes."""

from __future__ import annotations

import cv2
import numpy as np

from zipread.records import NOT_A_DIGIT as NOTHING

STRETCH, ZOOM = 0.1, 0.06
"""Standard deviations of the logarithms of a line's width and height."""

SHIFT = 0.8
"""Standard deviation of its place, rows."""

SLANT = 0.12
"""Standard deviation of the slant added, dx per dy."""

BEND = 1.0
"""Most standard deviation of the elastic bending, pixels."""

KNOT = 8
"""Distance of the points that are moved in bending, pixels."""

THICKER_SHARE, THINNER_SHARE = 0.15, 0.15
NOISY_SHARE = 0.4
NOISE = 18.0
"""Most standard deviation of noise, of 255: pale ink on recycled paper has as much."""

GRAIN = 1.0
"""Most standard deviation of what softens noise, pixels: paper's grain may be as coarse as a thin stroke."""

PATTERN_SHARE = 0.15
PATTERN = (10.0, 70.0)
"""Share of lines that get a printed pattern, and its darkness, of 255."""

PATTERN_PITCH = (2.5, 9.0)
"""Distance of the lines of a pattern, pixels."""


def distort(rng: np.random.Generator, images: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Stretch, slant, shift and bend lines, and change their strokes and tone.

    Args:
        rng: source of all randomness.
        images: (n, 32, w) uint8 lines, as `normalize_line` makes them, padded with 0.
        columns: (n, w / 2) uint8, what each column shows.

    Returns:
        Lines and columns of the same shapes.
    """
    bent, shown = np.empty_like(images), np.empty_like(columns)
    for row, (image, truth) in enumerate(zip(images, columns, strict=True)):
        inked = np.flatnonzero(image.max(axis=0))
        end = int(inked[-1]) + 1 if inked.size else 1
        # What a line shows must not leave it at its end.
        stretch = min(float(np.exp(rng.normal(0.0, STRETCH))), image.shape[1] / end)
        bent[row] = _tone(rng, _pattern(rng, _stroke(rng, _bend(rng, image, stretch))))
        places = ((np.arange(len(truth)) + 0.5) / stretch).astype(int)
        inside = places < len(truth)
        shown[row] = np.where(inside, truth[np.minimum(places, len(truth) - 1)], NOTHING)
    return bent, shown


def _bend(rng: np.random.Generator, image: np.ndarray, stretch: float) -> np.ndarray:
    height, width = image.shape
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    middle = (height - 1) / 2
    zoom, slant = np.exp(rng.normal(0.0, ZOOM)), rng.normal(0.0, SLANT)
    moved = rng.normal(0.0, rng.uniform(0.0, BEND), (height // KNOT + 1, width // KNOT + 1, 2)).astype(np.float32)
    bend = cv2.resize(moved, (width, height), interpolation=cv2.INTER_CUBIC)
    from_x = (xs + slant * (ys - middle)) / stretch + bend[..., 0]
    from_y = (ys - middle) / zoom + middle + rng.normal(0.0, SHIFT) + bend[..., 1]
    # Beyond its upper and lower edge a line goes on as it is there; beyond its ends there is paper.
    return cv2.remap(image, from_x, np.clip(from_y, 0, height - 1).astype(np.float32), cv2.INTER_LINEAR)


def _stroke(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """Thicker or thinner strokes, at times."""
    chance, share = rng.random(), rng.uniform(0.2, 0.8)
    if chance >= THICKER_SHARE + THINNER_SHARE:
        return image
    change = cv2.dilate if chance < THICKER_SHARE else cv2.erode
    return cv2.addWeighted(image, 1 - share, change(image, np.ones((2, 2), np.uint8)), share, 0)


def _pattern(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """Families of fine curved lines under the writing, as on cheques, at times."""
    if rng.random() >= PATTERN_SHARE:
        return image
    ys, xs = np.mgrid[0 : image.shape[0], 0 : image.shape[1]].astype(np.float32)
    paper = np.zeros(image.shape, np.float32)
    for _ in range(rng.integers(1, 4)):
        angle, wave, turns = rng.uniform(0, np.pi), rng.uniform(0, 4), rng.uniform(0.05, 0.3)
        across = xs * np.cos(angle) + ys * np.sin(angle)
        along = ys * np.cos(angle) - xs * np.sin(angle)
        place = (across + wave * np.sin(turns * along)) / rng.uniform(*PATTERN_PITCH)
        lines = np.clip(np.cos(2 * np.pi * place) - rng.uniform(0.0, 0.7), 0.0, None)
        np.maximum(paper, lines / lines.max() * rng.uniform(*PATTERN), out=paper)
    # Paper that is nothing but padding stays black.
    seen = image.max(axis=0) > 0
    return np.where(seen, np.maximum(image, paper), image).astype(np.uint8)


def _tone(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    toned = image.astype(np.float32) * rng.uniform(0.8, 1.15)
    if rng.random() < NOISY_SHARE:
        toned += _noise(rng, image.shape) * rng.uniform(0.0, NOISE)
    return np.clip(toned, 0, 255).astype(np.uint8)


def _noise(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Noise (h, w) float32 of standard deviation 1, from pixel to pixel or in grains."""
    noise = rng.standard_normal(shape, dtype=np.float32)
    grain = rng.uniform(-GRAIN, GRAIN)
    if grain < 0.2:  # none half of the time, or too fine to see
        return noise
    soft = cv2.GaussianBlur(noise, (0, 0), grain)
    return soft / float(soft.std())
