"""A mail piece on its background: the four corners of the paper on a scanner bed or a table."""

from __future__ import annotations

import cv2
import numpy as np

LEAST_DIFFERENCE = 10.0
"""Least difference between piece and background, gray levels."""
RING_SPREADS = 5.0
"""Least difference between piece and background, spreads (median absolute deviations) of the background."""
LEAST_AREA, MOST_AREA = 0.12, 0.985
"""A piece has at least and at most this share of the picture."""
ASIDE_AREA = 0.22
"""Least share of the picture for a piece that lies beside its middle: a stamp or a shadow in a corner is smaller."""
CLEAR_OF_RIM = 2.0
"""Distance of such a piece's corners from the rim, pixels: light that falls in from a side reaches the rim."""
LEAST_FILL = 0.9
"""Share of the four-sided outline that the convex one must fill: a shadow or a stain has no straight sides."""
MOST_SLANT = 0.3
"""Opposite sides of a piece differ by at most this share of the longer one."""
RING_SHARE = 0.5
"""Share of the picture's rim that must be background."""
EDGE_REACH, EDGE_WIDTH = 6, 3
"""Distance, pixels of the map, at which a side is compared with what lies beside it; width of a sharp step there."""
LEAST_SHARPNESS, LEAST_STEP = 0.65, 6.0
"""Share of the difference across a side that is one sharp step, and that step in gray levels. Shadows fall off slowly,
and a part of a piece as pale as its background ends anywhere. Of 1,178 pieces on made mail whose fonts and writers
train 37 have a side below, and all but two of these were outlined wrongly; the lowest sharpness of the others is 0.7.
"""


def find_piece(paper: np.ndarray) -> np.ndarray | None:
    """Find the corners of a piece on a map of its paper, (h, w) uint8 without writing.

    Returns (4, 2) float64, clockwise from the upper left as it lies, pixels of the map; None where the whole picture
    is the piece or no edges of it are to be seen.
    """
    height, width = paper.shape
    if min(height, width) < 16:
        return None
    ring = np.concatenate([paper[1], paper[-2], paper[:, 1], paper[:, -2]])
    level = float(np.median(ring))
    spread = float(np.median(np.abs(ring - level)))
    away = cv2.absdiff(paper, np.full_like(paper, round(level)))
    split, _ = cv2.threshold(away, 0, 255, cv2.THRESH_OTSU)
    least = max(LEAST_DIFFERENCE, min(RING_SPREADS * spread, split), 0.8 * split)
    piece = cv2.threshold(away, least, 255, cv2.THRESH_BINARY)[1]
    rim = np.concatenate([piece[1], piece[-2], piece[:, 1], piece[:, -2]])
    if np.count_nonzero(rim) > (1.0 - RING_SHARE) * len(rim):
        return None
    piece = cv2.morphologyEx(piece, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    outline = _largest_outline(piece)
    if outline is None:
        return None
    corners = _corners(outline)
    if corners is None or not _is_piece(corners, float(cv2.contourArea(outline)), (width, height)):
        return None
    return corners if _has_sharp_sides(paper, corners) else None


def _largest_outline(mask: np.ndarray) -> np.ndarray | None:
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    if not contours:
        return None
    return cv2.convexHull(max(contours, key=cv2.contourArea))


def _corners(hull: np.ndarray) -> np.ndarray | None:
    """Four corners (4, 2) of a convex outline: its sides are followed, so that a missing corner is put back."""
    if len(hull) < 4:
        return None
    length = cv2.arcLength(hull, True)
    for tolerance in (0.01, 0.02, 0.03, 0.05):
        sides = cv2.approxPolyDP(hull, tolerance * length, True)
        if len(sides) <= 4:
            break
    if len(sides) != 4:
        return None
    points = sides[:, 0].astype(np.float64)
    # Pixels of the outline are the piece's own: its edge is half a pixel further out.
    points += 0.5 + 0.5 * np.sign(points - points.mean(axis=0))
    return _clockwise(points)


def _clockwise(points: np.ndarray) -> np.ndarray:
    """Corners (4, 2) clockwise, the one nearest to the upper left first."""
    middle = points.mean(axis=0)
    turn = np.arctan2(points[:, 1] - middle[1], points[:, 0] - middle[0])
    points = points[np.argsort(turn)]
    return np.roll(points, -int(points.sum(axis=1).argmin()), axis=0)


def _is_piece(corners: np.ndarray, inside: float, size: tuple[int, int]) -> bool:
    """Whether corners (4, 2), of which `inside` square pixels were seen, can be a piece in a picture of this size."""
    outline = corners.astype(np.float32)
    area, picture = float(cv2.contourArea(outline)), float(size[0] * size[1])
    sides = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    slant = max(abs(sides[0] - sides[2]) / max(sides[0], sides[2]), abs(sides[1] - sides[3]) / max(sides[1], sides[3]))
    in_middle = cv2.pointPolygonTest(outline, (size[0] / 2, size[1] / 2), False) >= 0
    least = LEAST_AREA if in_middle else ASIDE_AREA
    if not in_middle and (np.minimum(corners, np.array(size) - corners) < CLEAR_OF_RIM).any():
        return False
    return bool(least * picture <= area <= MOST_AREA * picture and inside >= LEAST_FILL * area and slant <= MOST_SLANT)


def _has_sharp_sides(paper: np.ndarray, corners: np.ndarray) -> bool:
    """Whether paper and background part at once along each side of a piece, (4, 2), on a map (h, w) uint8."""
    return all(
        _is_sharp(_across(paper, start, stop))
        for start, stop in zip(corners, np.roll(corners, -1, axis=0), strict=True)
    )


def _across(paper: np.ndarray, start: np.ndarray, stop: np.ndarray) -> np.ndarray:
    """Typical gray (2 * EDGE_REACH + 1,) across a straight line, which is in the middle."""
    length = float(np.linalg.norm(stop - start))
    along = (stop - start) / length
    off = np.arange(-EDGE_REACH, EDGE_REACH + 1)
    # Corners are worn and round.
    on = start + np.linspace(0.1, 0.9, max(8, round(length / 3)))[:, None] * (stop - start)
    at = (on[:, None] + off[:, None] * np.array([-along[1], along[0]]) - 0.5).astype(np.float32)
    seen = cv2.remap(paper, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    profile: np.ndarray = np.median(seen, axis=0)
    return profile


def _is_sharp(profile: np.ndarray) -> bool:
    """Whether gray changes at once in the middle of a profile, and little else before and after."""
    step = float(np.abs(profile[EDGE_WIDTH:] - profile[:-EDGE_WIDTH])[2:-2].max())
    difference = abs(float(profile[-EDGE_WIDTH:].mean() - profile[:EDGE_WIDTH].mean()))
    return step >= max(LEAST_STEP, LEAST_SHARPNESS * difference)
