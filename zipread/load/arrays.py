"""Turning pixel arrays of any common kind into upright gray."""

from __future__ import annotations

import cv2
import numpy as np

from zipread.errors import InputError

TWELVE_BIT_MAX = 4095
"""Scanners write their 12 bits into 16-bit files; a picture that never exceeds this is one of those."""


def to_gray(pixels: np.ndarray) -> np.ndarray:
    """Return `pixels` as (H, W) uint8 gray, transparency laid on white.

    `pixels` is (H, W), (H, W, 1), (H, W, 2) gray and alpha, (H, W, 3) RGB or (H, W, 4) RGBA; of bool (True is white),
    uint8, uint16, or floats from 0 to 1. Raises InputError for anything else.
    """
    if pixels.ndim not in (2, 3) or (pixels.ndim == 3 and pixels.shape[2] not in (1, 2, 3, 4)):
        raise InputError(f"an array of shape {pixels.shape} is not a picture: (H, W), (H, W, 3) or (H, W, 4) is")
    if pixels.size == 0:
        raise InputError(f"an array of shape {pixels.shape} has no pixels")
    samples, white = _known_samples(pixels)
    gray, alpha = _split_alpha(samples)
    if alpha is not None:
        gray = cv2.add(cv2.multiply(gray, alpha, scale=1 / white), white - alpha)
    if gray.dtype == np.uint8:
        return gray
    if gray.dtype == np.uint16 and alpha is None and 255 < gray.max() <= TWELVE_BIT_MAX:
        white = TWELVE_BIT_MAX
    return cv2.convertScaleAbs(gray, alpha=255 / white)


def turn_upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Undo an EXIF orientation, 1 to 8 (EXIF 2.32, tag 0x0112); any other value changes nothing."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)


def _known_samples(pixels: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the pixels in a type that OpenCV calculates with, and the value of white in it."""
    if pixels.dtype == np.bool_:
        return pixels.astype(np.uint8) * 255, 255
    if pixels.dtype == np.uint8:
        return np.ascontiguousarray(pixels), 255
    if pixels.dtype == np.uint16:
        return np.ascontiguousarray(pixels), 65535
    if not np.issubdtype(pixels.dtype, np.floating):
        raise InputError(f"an array of {pixels.dtype} is not a picture; use uint8, uint16, bool or floats from 0 to 1")
    lowest, highest = float(pixels.min()), float(pixels.max())
    if not (lowest >= 0.0 and highest <= 1.0):  # also when either is not a number
        raise InputError(f"a float picture runs from 0 (black) to 1 (white); this one from {lowest:g} to {highest:g}")
    return np.ascontiguousarray(pixels, dtype=np.float32), 1.0


def _split_alpha(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Return luma (H, W) and, where there is one, alpha (H, W), in the type of `samples`."""
    channels = samples.shape[2] if samples.ndim == 3 else 1
    if channels == 1:
        return samples.reshape(samples.shape[:2]), None
    if channels == 2:
        return np.ascontiguousarray(samples[..., 0]), np.ascontiguousarray(samples[..., 1])
    gray = cv2.cvtColor(samples, cv2.COLOR_RGB2GRAY if channels == 3 else cv2.COLOR_RGBA2GRAY)
    return gray, np.ascontiguousarray(samples[..., 3]) if channels == 4 else None
