"""Points and commas among digits: an amount of money has them, a postal code has none."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

import cv2
import numpy as np

from zipread.records import Box

POINT = (0.1, 0.5)
"""Sides of a point or a comma, digit heights: larger than a speck, smaller than a digit."""
TOP, BOTTOM = (-0.45, 0.0), (-0.12, 0.35)
"""Its upper and lower edge, digit heights below the digits' feet."""
ASIDE = 0.15
"""How far its middle may be beside a digit's edge, inside the digit's box, digit heights: slanted digits overhang."""


def points_among(mask: np.ndarray, digits: Sequence[Box]) -> list[bool]:
    """Tell whether a point or a comma stands between each two digits that are neighbours.

    Args:
        mask: (h, w) uint8, 255 ink / 0 paper.
        digits: their boxes, left to right, pixels of the mask; at least one.

    Returns:
        One less than there are digits. Where a point touches a digit, it is not seen.
    """
    height, feet = median(box.height for box in digits), median(box.bottom for box in digits)
    _, _, stats, middles = cv2.connectedComponentsWithStatsWithAlgorithm(mask, 8, cv2.CV_32S, cv2.CCL_GRANA)
    boxes = stats[1:, [cv2.CC_STAT_LEFT, cv2.CC_STAT_TOP, cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]]
    sides, tops = boxes[:, 2:] / height, (boxes[:, 1] - feet) / height
    bottoms = tops + sides[:, 1]
    like_points = (
        ((sides >= POINT[0]) & (sides <= POINT[1])).all(axis=1)
        & (tops >= TOP[0])
        & (tops <= TOP[1])
        & (bottoms >= BOTTOM[0])
        & (bottoms <= BOTTOM[1])
    )
    across = middles[1:, 0][like_points]
    room = ASIDE * height
    return [bool(((across >= a.right - room) & (across <= b.x + room)).any()) for a, b in pairwise(digits)]


def are_of_amount(points: Sequence[bool]) -> bool:
    """Whether points among digits part them as an amount is parted: two or three digits from the end, and by threes."""
    before = {len(points) - index for index, there in enumerate(points) if there}  # digits behind each point
    return any(last in before and all((count - last) % 3 == 0 for count in before) for last in (2, 3))
