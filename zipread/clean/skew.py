"""The skew of a page's text lines, and which way up they may run."""

from __future__ import annotations

import math

import cv2
import numpy as np

from zipread.clean.scale import halve

MAX_SKEW = 15.0
"""Largest skew looked for, degrees."""


def estimate_skew(ink: np.ndarray) -> float:
    """Skew of the text lines in degrees, positive when they run downwards to the right; 0 when there are none.

    `ink` is (h, w) uint8, 255 ink. The criterion is that of the projection profile (Postl, 1986): at the right
    angle the components' feet fall on few lines. It is taken over components instead of pixels, which is cheap and
    keeps a long envelope edge or a picture from outvoting the text.
    """
    points, size = _feet(_at_half_scale(ink))
    if len(points) < 4:
        return 0.0
    bin_size, fine_size = max(1.0, 0.25 * size), max(1.0, 0.12 * size)
    coarse = np.arange(-MAX_SKEW, MAX_SKEW + 0.5, 1.0)
    score = _profile_score(points, coarse, bin_size) * _small_angles_first(coarse)
    best = float(coarse[int(np.argmax(score))])
    fine = np.clip(np.arange(best - 1.0, best + 1.01, 0.1), -MAX_SKEW, MAX_SKEW)
    score = _profile_score(points, fine, fine_size) * _small_angles_first(fine)
    found = float(fine[int(np.argmax(score))])
    # A handful of letters fit some line by chance; then the upright page is the better guess.
    at_zero, at_found = _profile_score(points, np.array([0.0, found]), fine_size)
    return found if at_found > at_zero * (1.0 + 2.0 / math.sqrt(len(points))) else 0.0


def _at_half_scale(ink: np.ndarray) -> np.ndarray:
    if min(ink.shape) < 200:
        return ink
    return cv2.threshold(halve(ink), 60, 255, cv2.THRESH_BINARY)[1]


def _feet(ink: np.ndarray) -> tuple[np.ndarray, float]:
    """Lower middle points (n, 2) of the components that look like letters, and their median height, pixels."""
    # A run of ink pixels begins at most one label, and 16 bits hold 65,535 of them.
    runs = len(ink) + np.count_nonzero(ink[:, 1:] > ink[:, :-1])
    label_type = cv2.CV_16U if runs < 65_000 else cv2.CV_32S
    _, _, stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(ink, 8, label_type, cv2.CCL_SPAGHETTI)
    x, y, w, h, _ = stats[1:].T.astype(np.float64)
    letter = (h >= 4) & (h <= 0.3 * ink.shape[0]) & (w <= 6 * h) & (h <= 8 * w)
    if not letter.any():
        return np.empty((0, 2)), 0.0
    # Specks outnumber letters on rough paper; the height that holds most of the extent is the letters'.
    size = _weighted_median(h[letter], h[letter])
    letter &= (h >= 0.4 * size) & (h <= 2.5 * size)
    return np.stack([x + w / 2, y + h], axis=1)[letter], size


def _weighted_median(values: np.ndarray, weights: np.ndarray) -> float:
    order = np.argsort(values)
    reached = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(reached, reached[-1] / 2)])


def _profile_score(points: np.ndarray, angles: np.ndarray, bin_size: float) -> np.ndarray:
    """Sum of squares of the profile of points along each angle (degrees), per point."""
    radians = np.deg2rad(angles)[:, None]
    offset = points[:, 1] * np.cos(radians) - points[:, 0] * np.sin(radians)
    index = np.floor((offset - offset.min()) / bin_size).astype(np.int64)
    bins = int(index.max()) + 2
    flat = index + bins * np.arange(len(angles))[:, None]
    profile = np.bincount(flat.ravel(), minlength=bins * len(angles)).reshape(len(angles), bins)
    # Neighbouring bins together: where a bin's edge falls must not matter.
    pairs = profile[:, 1:] + profile[:, :-1]
    return (pairs.astype(np.float64) ** 2).sum(axis=1) / len(points)


def _small_angles_first(angles: np.ndarray) -> np.ndarray:
    return 1.0 - 0.1 * (angles / MAX_SKEW) ** 2
