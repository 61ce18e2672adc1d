"""The skew of a page's text lines, and which way up they may run."""

from __future__ import annotations

import dataclasses
import math

import cv2
import numpy as np

from zipread.clean.scale import halve
from zipread.records import CleanPage

MAX_SKEW = 15.0
"""Largest skew looked for, degrees."""
LEAST_LETTERS = 12
"""With fewer letters than this a page is never taken to lie on its side."""
MOST_LETTERS = 1500
"""So many letters at most decide which way the lines run."""
ASPECT_WEIGHT = 0.3
"""What the shape of joined letters counts beside the profiles; fitted on made mail with fonts that train."""
SIDEWAYS = -0.1
"""Evidence for level lines below which a page lies on its side."""
CLEARLY = 1.15
"""How much more peaked the profile of the letters' heads must be to be taken for that of their feet."""
EDGE = 5
"""The edge of a piece is no letter: pixels kept away from it."""


def estimate_skew(ink: np.ndarray, piece: np.ndarray | None = None) -> float:
    """Angle of the text lines in degrees, positive when they run downwards to the right; else of the piece.

    `ink` is (h, w) uint8, 255 ink; `piece` (4, 2) are the corners of the mail piece on it, where only letters on the
    piece count. The angle is within MAX_SKEW, or within MAX_SKEW of 90 when the page lies on its side; which end of
    the page is up remains open.

    The criterion is that of the projection profile (Postl, 1986): at the right angle the components' feet fall on few
    lines. It is taken over components instead of pixels, which is cheap and keeps a long envelope edge or a picture
    from outvoting the text.
    """
    boxes, size = _letters(*_at_half_scale(ink, piece))
    tilt = _tilt(piece)
    if len(boxes) < 4:
        return tilt
    if len(boxes) >= LEAST_LETTERS and _level_evidence(boxes, size) < SIDEWAYS:
        return 90.0 - _skew(_swapped(boxes), size, -tilt)
    return _skew(boxes, size, tilt)


def _tilt(piece: np.ndarray | None) -> float:
    """How far the sides of a piece (4, 2) are from level and upright on the whole, degrees; 0 beyond MAX_SKEW."""
    if piece is None:
        return 0.0
    sides = np.roll(piece, -1, axis=0) - piece
    # Four times the angle is the same for all sides of a rectangle.
    turns = 4.0 * np.arctan2(sides[:, 1], sides[:, 0])
    weight = np.linalg.norm(sides, axis=1)
    tilt = math.degrees(math.atan2(float(weight @ np.sin(turns)), float(weight @ np.cos(turns)))) / 4.0
    return tilt if abs(tilt) <= MAX_SKEW else 0.0


def taken_as_level(clean: CleanPage) -> CleanPage | None:
    """A page whose lines were taken to run up or down, as if they did not; None where they were not.

    The grain of a table around a piece whose edges are not found can look like lines on their side.
    """
    if not clean.is_on_its_side:
        return None
    piece = None if clean.piece is None else clean.piece * clean.scale
    boxes, size = _letters(*_at_half_scale(clean.ink, piece))
    return dataclasses.replace(clean, angle=_skew(boxes, size, _tilt(piece)))


def _skew(boxes: np.ndarray, size: float, guess: float) -> float:
    """Skew of lines that are about level, degrees, from the boxes (n, 4) of letters of a typical size.

    `guess` is the skew of what they are written on; it is taken where hardly another skew stands out.
    """
    feet, heads = _feet(boxes), _heads(boxes)
    points = heads if _best_score(heads, size) > CLEARLY * _best_score(feet, size) else feet
    bin_size, fine_size = max(1.0, 0.25 * size), max(1.0, 0.12 * size)
    score = _profile_score(points, _COARSE, bin_size) * _small_angles_first(_COARSE)
    best = float(_COARSE[int(np.argmax(score))])
    fine = np.clip(np.arange(best - 1.0, best + 1.01, 0.1), -MAX_SKEW, MAX_SKEW)
    score = _profile_score(points, fine, fine_size) * _small_angles_first(fine)
    found = float(fine[int(np.argmax(score))])
    # A handful of letters fit some line by chance; then the paper's own edges are the better guess.
    at_guess, at_found = _profile_score(points, np.array([guess, found]), fine_size)
    return found if at_found > at_guess * (1.0 + 2.0 / math.sqrt(len(points))) else guess


_COARSE = np.arange(-MAX_SKEW, MAX_SKEW + 0.5, 1.0)


def _level_evidence(boxes: np.ndarray, size: float) -> float:
    """Above 0 when the lines run from left to right, below when up and down: the profile that is the more peaked.

    Joined letters are long in the direction of their line, which counts beside.
    """
    if len(boxes) > MOST_LETTERS:
        boxes = boxes[:: 1 + len(boxes) // MOST_LETTERS]
    swapped = _swapped(boxes)
    level = max(_best_score(_feet(boxes), size), _best_score(_heads(boxes), size))
    upright = max(_best_score(_feet(swapped), size), _best_score(_heads(swapped), size))
    wide, tall = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    weight = np.sqrt(wide * tall)
    aspect = float((weight * np.log(wide / tall)).sum() / weight.sum())
    return math.log(level / upright) + ASPECT_WEIGHT * aspect


def _best_score(points: np.ndarray, size: float) -> float:
    return float((_profile_score(points, _COARSE, max(1.0, 0.25 * size)) * _small_angles_first(_COARSE)).max())


def _swapped(boxes: np.ndarray) -> np.ndarray:
    return boxes[:, [1, 0, 3, 2]]


def _feet(boxes: np.ndarray) -> np.ndarray:
    return np.stack([(boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 3]], axis=1)


def _heads(boxes: np.ndarray) -> np.ndarray:
    return np.stack([(boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 1]], axis=1)


def _at_half_scale(ink: np.ndarray, piece: np.ndarray | None) -> tuple[np.ndarray, np.ndarray | None]:
    if min(ink.shape) < 200:
        return ink, piece
    half = cv2.threshold(halve(ink), 60, 255, cv2.THRESH_BINARY)[1]
    return half, None if piece is None else piece / 2


def _letters(ink: np.ndarray, piece: np.ndarray | None) -> tuple[np.ndarray, float]:
    """Boxes (n, 4) of the components that look like letters, and their typical size, pixels."""
    # A run of ink pixels begins at most one label, and 16 bits hold 65,535 of them.
    runs = len(ink) + np.count_nonzero(ink[:, 1:] > ink[:, :-1])
    label_type = cv2.CV_16U if runs < 65_000 else cv2.CV_32S
    if piece is not None:
        mask = np.zeros_like(ink)
        cv2.fillConvexPoly(mask, np.round(piece).astype(np.int32), 255)
        ink = ink & cv2.erode(mask, np.ones((EDGE, EDGE), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(ink, 8, label_type, cv2.CCL_SPAGHETTI)
    x, y, w, h, _ = stats[1:].T.astype(np.float64)
    longer = np.maximum(w, h)
    letter = (longer >= 4) & (longer <= 0.3 * max(ink.shape)) & (w <= 6 * h) & (h <= 6 * w)
    if not letter.any():
        return np.empty((0, 4)), 0.0
    # Specks outnumber letters on rough paper; the size that holds most of the extent is the letters'.
    extent = np.sqrt(w * h)
    size = _weighted_median(extent[letter], extent[letter])
    letter &= (extent >= 0.4 * size) & (extent <= 2.5 * size)
    return np.stack([x, y, x + w, y + h], axis=1)[letter], size


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
