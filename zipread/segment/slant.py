"""Set slanted writing upright."""

from __future__ import annotations

import cv2
import numpy as np

from zipread.records import FieldImage

MAX_SHEARED_POINTS = 3_000
"""Ink pixels looked at to find the slant."""


def deslant(field: FieldImage) -> tuple[FieldImage, float]:
    """Shear a field so that its digits stand upright.

    The shear whose column sums are most concentrated wins (Vinciarelli & Luettin 2001, simplified).

    Returns:
        The sheared field, its `to_page` adjusted, and the shear (columns per row; 0 where none helps).
    """
    height, width = field.mask.shape
    ys, xs = np.nonzero(field.mask)
    if len(ys) < 20:
        return field, 0.0
    if len(ys) > MAX_SHEARED_POINTS:
        step = len(ys) // MAX_SHEARED_POINTS + 1
        ys, xs = ys[::step], xs[::step]
    middle = height / 2
    shears = np.arange(-0.45, 0.8, 0.05)
    moves = (shears[:, None] * (np.arange(height) - middle) + height).astype(np.int64)  # of each row
    scores = []
    for move in moves:
        counts = np.bincount(xs + move[ys], minlength=width + 2 * height)
        scores.append(float(counts @ counts))
    # A mild preference for leaving writing as it is: the scores of print are flat around zero.
    weighted = np.array(scores) * (1.0 - 0.12 * np.abs(shears))
    best = float(shears[int(np.argmax(weighted))])
    if abs(best) < 0.09:
        return field, 0.0
    pad = int(np.ceil(abs(best) * middle))
    shift = np.array([[1.0, best, pad - best * middle], [0.0, 1.0, 0.0]])
    size = (width + 2 * pad, height)
    ink = cv2.warpAffine(field.ink, shift, size, flags=cv2.INTER_LINEAR)
    mask = cv2.warpAffine(field.mask, shift, size, flags=cv2.INTER_LINEAR)
    mask = np.where(mask > 127, 255, 0).astype(np.uint8)
    back = np.linalg.inv(np.vstack((shift, [0.0, 0.0, 1.0])))
    to_page = field.to_page @ back
    # Strokes at the ends must not be drawn out into lines.
    paper = float(np.median(field.gray))
    gray = cv2.warpAffine(field.gray, shift, size, flags=cv2.INTER_LINEAR, borderValue=paper)
    return FieldImage(gray, ink, mask, to_page), best
