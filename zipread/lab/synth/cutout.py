"""Pieces cut to what stands around their code: an address block photographed close, or cut out by somebody's script."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import cv2
import numpy as np

from zipread.lab.synth.mail import MailTruth
from zipread.lab.synth.photo import moved_box

Part = Literal["address", "line"]
"""What is kept: the code with the lines around it, or its line alone."""
LEFT, RIGHT = (1.0, 5.0), (0.6, 1.6)
"""From the code's middle to the edges of what is kept, in lengths of the code."""
ABOVE: dict[Part, tuple[float, float]] = {"address": (3.0, 8.0), "line": (0.7, 1.1)}
BELOW: dict[Part, tuple[float, float]] = {"address": (1.5, 4.0), "line": (0.7, 1.1)}
"""The same up and down, in heights of the code."""
LEAST_SIDE = 400
"""Longer side of what is kept, pixels: less is enlarged to it."""


def cut_out(
    rng: np.random.Generator, picture: np.ndarray, truth: MailTruth, part: Part
) -> tuple[np.ndarray, MailTruth]:
    """Cut a piece that lies about level to its code and what stands around it.

    Args:
        rng: decides how much is kept.
        picture: (h, w, 3) uint8.
        truth: of the piece; it has a code.
        part: what is kept.

    Returns:
        The part (h', w', 3) uint8, and its truth in pixels of the part.
    """
    corners = np.array(truth.corners)
    middle = corners.mean(axis=0)
    along, across = np.hypot(*(corners[1] - corners[0])), np.hypot(*(corners[3] - corners[0]))
    before = np.array([rng.uniform(*LEFT) * along, rng.uniform(*ABOVE[part]) * across])
    behind = np.array([rng.uniform(*RIGHT) * along, rng.uniform(*BELOW[part]) * across])
    low, high = (np.clip(edge, 0, picture.shape[1::-1]).astype(int) for edge in (middle - before, middle + behind))
    (left, top), (right, bottom) = low.tolist(), high.tolist()
    kept = picture[top:bottom, left:right]
    scale = max(1.0, LEAST_SIDE / max(kept.shape[:2]))
    if scale > 1.0:
        kept = cv2.resize(kept, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    corners = (corners - low) * scale
    to_kept = np.array([[scale, 0.0, -scale * left], [0.0, scale, -scale * top], [0.0, 0.0, 1.0]])
    box = None if truth.box is None else moved_box(truth.box, to_kept)
    return kept, replace(truth, corners=tuple(map(tuple, corners.tolist())), box=box)
