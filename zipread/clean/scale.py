"""Pictures reduced for finding things."""

from __future__ import annotations

import cv2
import numpy as np


def shrink(gray: np.ndarray, side: int) -> tuple[np.ndarray, float]:
    """Shrink to at most `side` pixels; returns the picture and working pixels per original pixel."""
    height, width = gray.shape
    scale = min(1.0, side / max(height, width))
    if scale == 1.0:
        return gray, 1.0
    # Bilinear steps of at most one half average every source pixel, and cost a tenth of INTER_AREA.
    while max(gray.shape) >= 2 * side:
        gray = halve(gray)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(gray, size, interpolation=cv2.INTER_LINEAR), scale


def halve(gray: np.ndarray) -> np.ndarray:
    """Reduce a picture to half its size; each pixel is the mean of four."""
    height, width = gray.shape
    size = (max(1, width // 2), max(1, height // 2))
    return cv2.resize(gray, size, interpolation=cv2.INTER_LINEAR)
