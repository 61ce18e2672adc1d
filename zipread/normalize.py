"""The MNIST convention: one function for training and for reading.

Source of the convention: LeCun, Cortes, Burges, "The MNIST database of handwritten digits": a digit is scaled,
aspect kept, to fit 20×20 pixels and put into 28×28 with its centre of mass in the middle.
"""

from __future__ import annotations

import cv2
import numpy as np

NORMALIZATION_VERSION = 1
"""Raised whenever the same crop would come out different: a model is bound to the version it was trained with."""

SIDE = 28
"""Side of a normalized digit, pixels."""

BODY = 20
"""Longer side of the digit's ink inside it, pixels."""

INK_LEVEL = 64
"""Ink (of 255) from which a pixel counts for the digit's bounding box."""


def normalize_ink(ink: np.ndarray) -> np.ndarray:
    """Scale and centre an ink map whose polarity is known.

    Args:
        ink: (h, w) uint8, 0 paper .. 255 ink, any size from 1×1.

    Returns:
        (28, 28) uint8, light digit on black; all zero where there is no ink.
    """
    x, y, width, height = cv2.boundingRect(cv2.threshold(ink, INK_LEVEL - 1, 255, cv2.THRESH_BINARY)[1])
    out = np.zeros((SIDE, SIDE), np.uint8)
    if width == 0:
        return out
    body = ink[y : y + height, x : x + width]
    scale = BODY / max(body.shape)
    width = max(1, round(body.shape[1] * scale))
    height = max(1, round(body.shape[0] * scale))
    # Area averaging when shrinking keeps hairlines gray rather than broken; linear when growing adds no ringing.
    small = cv2.resize(body, (width, height), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    small = cv2.convertScaleAbs(small, alpha=255.0 / max(1, int(small.max())))
    mass = cv2.moments(small)
    middle = (SIDE - 1) / 2
    left = min(max(round(middle - mass["m10"] / mass["m00"]), 0), SIDE - width)
    top = min(max(round(middle - mass["m01"] / mass["m00"]), 0), SIDE - height)
    out[top : top + height, left : left + width] = small
    return out


def to_mnist(crop: np.ndarray) -> np.ndarray:
    """Bring a picture of one digit to the MNIST convention.

    Args:
        crop: (h, w) uint8 gray of either polarity, or a bool mask (True is ink). The digit fills the crop or
            stands on a plain background.

    Returns:
        (28, 28) uint8, light digit on black; all zero where the crop has no contrast.

    Raises:
        ValueError: the crop is empty, not two-dimensional, or neither uint8 nor bool.
    """
    if crop.ndim != 2 or crop.size == 0:
        raise ValueError(f"a digit is a non-empty (h, w) array, not one of shape {crop.shape}")
    if crop.dtype == bool:
        return normalize_ink(crop.astype(np.uint8) * 255)
    if crop.dtype != np.uint8:
        raise ValueError(f"a digit is uint8 or bool, not {crop.dtype}")
    return normalize_ink(_ink_on_black(crop))


CORNER = 0.15
"""Sides of the corners of a crop, shares of its sides."""

MIN_CONTRAST = 24
"""Difference (of 255) between paper and ink below which a crop holds nothing but noise."""


def _ink_on_black(gray: np.ndarray) -> np.ndarray:
    """Stretch a gray crop so that its paper becomes 0 and its ink 255, whichever of the two is lighter."""
    low, high = (float(v) for v in np.percentile(gray, (1, 99)))
    if high - low < MIN_CONTRAST:
        low, high = float(gray.min()), float(gray.max())
        if high - low < MIN_CONTRAST:
            return np.zeros_like(gray)
    threshold, _ = cv2.threshold(gray, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    paper_is_light = _paper_is_light(gray > threshold)
    # Two levels inside each class: the paper's own grain goes to 0, the darkest ink to 255.
    paper = float(np.median(gray[gray > threshold] if paper_is_light else gray[gray <= threshold]))
    full = low if paper_is_light else high
    if abs(full - paper) < 1:
        return np.zeros_like(gray)
    ink = (gray.astype(np.float32) - paper) * (255.0 / (full - paper))
    grain = 0.15 * 255
    return np.clip((ink - grain) * (255.0 / (255.0 - grain)), 0, 255).astype(np.uint8)


def _paper_is_light(light: np.ndarray) -> bool:
    """Whether the lighter part of a crop, (h, w) bool, is its paper.

    Paper is most of the border, of the corners and of all. A crop that is cut close may have one or two against it: a
    bold zero has little paper, but it has corners.
    """
    border = np.concatenate((light[0], light[-1], light[:, 0], light[:, -1]))
    rows, columns = (max(1, round(CORNER * side)) for side in light.shape)
    ends = light[np.r_[:rows, -rows:0]][:, np.r_[:columns, -columns:0]]
    return bool(border.mean() + ends.mean() + light.mean() > 1.5)
