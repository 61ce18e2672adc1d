"""Corner marks: four solid squares or discs near the corners of a form, printed so that scans can be put in place."""

from __future__ import annotations

import itertools

import cv2
import numpy as np

MARK_SIZE = (0.006, 0.06)
"""Least and greatest side of a mark, shares of the picture's longer side."""
DARK = 0.6
"""A mark is darker than this share of the paper around it."""
LEAST_SOLID = 0.74
"""Share of its smallest upright or turned rectangle that a mark fills; a disc fills 0.785."""
LEAST_SQUARE = 0.7
"""Shorter side of a mark over its longer one."""
SAME_SIZE = 1.7
"""Side of the largest of four marks over that of the smallest: perspective makes them differ."""
CORNER_REACH = 0.25
"""How far from its corner a mark may be, shares of the picture's diagonal."""
PAPER_REACH = 0.1
"""Paper is looked for this far around a pixel, share of the picture's longer side."""


def find_marks(gray: np.ndarray) -> np.ndarray | None:
    """Middles (4, 2) float64 of the corner marks of a (h, w) uint8 picture; None where there are not four alike.

    In the order upper left, upper right, lower right, lower left, as the picture stands. Pixels of the picture.
    """
    middles, sides = _solid_blobs(gray)
    if len(middles) < 4:
        return None
    height, width = gray.shape
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float64)
    away = np.linalg.norm(middles[None] - corners[:, None], axis=2)
    near = [np.flatnonzero(row <= CORNER_REACH * np.hypot(width, height)) for row in away]
    if any(len(group) == 0 for group in near):
        return None
    # The outermost few of each corner: letters and bullets further in are not marks.
    groups = [group[np.argsort(row[group])][:3] for group, row in zip(near, away, strict=True)]
    best, best_cost = None, np.inf
    for four in itertools.product(*groups):
        chosen = list(four)
        spread = sides[chosen].max() / sides[chosen].min()
        cost = away[range(4), chosen].sum() / np.hypot(width, height) + np.log(spread)
        if spread <= SAME_SIZE and cost < best_cost:
            best, best_cost = middles[chosen], cost
    return best


def _solid_blobs(gray: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Middles (n, 2) and sides (n,), pixels, of what is dark, filled and about square."""
    longer = max(gray.shape)
    reach = max(3, round(PAPER_REACH * longer / 4)) | 1
    small = cv2.resize(gray, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    paper = cv2.dilate(small, np.ones((reach, reach), np.uint8))
    paper = cv2.resize(cv2.blur(paper, (reach, reach)), gray.shape[::-1], interpolation=cv2.INTER_LINEAR)
    filled = (gray < DARK * paper.astype(np.float32)).astype(np.uint8)
    # Hairlines may join a mark to a frame.
    dark = cv2.morphologyEx(filled, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    # Not the outermost alone: a dark table goes all around a page.
    contours, hierarchy = cv2.findContours(dark, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    middles, sides = [], []
    for contour, (_, _, _, parent) in zip(contours, hierarchy[0] if contours else (), strict=True):
        if parent >= 0:  # a hole
            continue
        x, y, w, h = cv2.boundingRect(contour)
        if not MARK_SIZE[0] * longer <= max(w, h) <= 1.5 * MARK_SIZE[1] * longer:
            continue
        own = cv2.drawContours(np.zeros((h, w), np.uint8), [contour], -1, 1, cv2.FILLED, offset=(-x, -y))
        area = float(np.count_nonzero(cv2.bitwise_and(own, dark[y : y + h, x : x + w])))
        _, (a, b), _ = cv2.minAreaRect(contour)
        a, b = a + 1.0, b + 1.0  # a contour runs through the middles of pixels
        if min(a, b) >= LEAST_SQUARE * max(a, b) and area >= LEAST_SOLID * a * b:
            ys, xs = np.nonzero(own)
            middles.append((x + xs.mean() + 0.5, y + ys.mean() + 0.5))
            sides.append(area**0.5)
    return np.array(middles, np.float64).reshape(-1, 2), np.array(sides, np.float64)
