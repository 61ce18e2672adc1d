"""Putting a page in place: the map from a form's reference picture to a picture of a filled page.

By the corner marks where both have four of them; otherwise by features (ORB, Rublee et al., ICCV 2011) and RANSAC.
Either map is then made exact by following the print's own corners (Lucas and Kanade, 1981), and believed only when
enough of the reference's print is found on the page.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from operator import itemgetter
from typing import Literal

import cv2
import numpy as np

from zipread.errors import InputError
from zipread.form.marks import find_marks
from zipread.records import Page

Method = Literal["marks", "features"]

SIDE = 1000
"""Longer side of the pictures that are compared, pixels."""
INK_WINDOW, INK_CONTRAST = 31, 12
"""Ink is so many gray levels darker than the mean of a square of this side around it, compared pixels."""
FEATURES = 2500
"""Features taken of a picture."""
LEAST_MATCHES = 12
"""Fewest features that must agree on one map."""
SAME_PLACE = 4.0
"""Distance at which features agree, compared pixels: paper is never quite flat."""
RATIO = 0.85
"""A feature's best match must be this much nearer than the second (Lowe, 2004): boxes look like each other."""

FOLLOWED = 400
"""Corners of the print that are followed to make a map exact."""
FOLLOW_WINDOW = 31
"""Side of the square around a corner that is followed, compared pixels."""
EXACT = 1.5
"""Distance at which followed corners agree, compared pixels."""

TOLERANCE = 2
"""Print found within this distance of its place counts as found, compared pixels."""
LEAST_FIT = 0.5
"""Least share of the reference's print that a page must show, beyond what it shows by chance."""
LEAST_SEEN = 0.5
"""Least share of the reference's print that must lie inside the page's picture."""
SMALLEST, STEEPEST = 0.03, 3.0
"""Least share of the picture that a form fills; its longest side over the opposite one."""


@dataclass(frozen=True, slots=True)
class Landmarks:
    """What is compared of a picture, all at the same working size."""

    size: tuple[int, int]  # width, height of the picture itself, pixels
    ink: np.ndarray  # (h, w) uint8, 255 ink / 0 paper, the picture as compared
    marks: np.ndarray | None  # (4, 2) float64, compared pixels; upper left and on clockwise
    points: np.ndarray  # (n, 2) float32, compared pixels
    descriptors: np.ndarray  # (n, 32) uint8, of the points

    @property
    def from_pixels(self) -> np.ndarray:
        """Map (3, 3) from pixels of the picture to compared ones."""
        height, width = self.ink.shape
        return np.diag([width / self.size[0], height / self.size[1], 1.0])


@dataclass(frozen=True, slots=True)
class Registration:
    """Where a form lies on a page."""

    to_page: np.ndarray  # (3, 3) float64, maps (x, y, 1) of the reference to the page, pixels
    fit: float  # share of the reference's print found on the page, 0 chance .. 1 all of it
    method: Method


def find_landmarks(page: Page) -> Landmarks:
    """Find what a picture can be put in place by; on an empty one there is nothing."""
    height, width = page.gray.shape
    scale = SIDE / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    resampling = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    gray = cv2.resize(page.gray, size, interpolation=resampling)
    smooth = cv2.blur(gray, (3, 3))
    ink = cv2.adaptiveThreshold(
        smooth, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, INK_WINDOW, INK_CONTRAST
    )
    keypoints, descriptors = cv2.ORB.create(FEATURES, fastThreshold=10).detectAndCompute(gray, None)
    points = np.array([keypoint.pt for keypoint in keypoints], np.float32).reshape(-1, 2) + 0.5
    if descriptors is None:
        descriptors = np.zeros((0, 32), np.uint8)
    return Landmarks((width, height), ink, find_marks(gray), points, descriptors)


def register(page: Landmarks, reference: Landmarks) -> Registration:
    """Find the map from the reference to a page of the same form, shifted, scaled, turned or photographed.

    Raises InputError when the page is not that form, or cannot be put in place.
    """
    best_fit = 0.0
    ways: tuple[tuple[Method, Callable[[Landmarks, Landmarks], list[np.ndarray]]], ...]
    ways = (("marks", _by_marks), ("features", _by_features))
    for method, guesses in ways:
        tried = [(measure_fit(guess, page, reference), guess) for guess in guesses(page, reference)]
        if not tried:
            continue
        fit, guess = max(tried, key=itemgetter(0))
        exact = _followed(guess, page, reference)
        exact_fit = measure_fit(exact, page, reference)
        if exact_fit >= fit:
            fit, guess = exact_fit, exact
        if fit >= LEAST_FIT:
            to_page = np.linalg.inv(page.from_pixels) @ guess @ reference.from_pixels
            return Registration(to_page / to_page[2, 2], fit, method)
        best_fit = max(best_fit, fit)
    raise InputError(f"the page does not match the form: fit {best_fit:.2f}, at least {LEAST_FIT:.2f} is needed")


def measure_fit(to_page: np.ndarray, page: Landmarks, reference: Landmarks) -> float:
    """Share of the reference's print that a page shows in its places, beyond what it would by chance.

    Args:
        to_page: (3, 3) map from the reference to the page, compared pixels.
        page, reference: what is compared.

    Returns:
        1 where all print is found; 0 where no more is than by chance, or where no camera sees a page so.
    """
    if not _is_possible(to_page, page, reference):
        return 0.0
    reach = np.ones((2 * TOLERANCE + 1, 2 * TOLERANCE + 1), np.uint8)
    thick = cv2.dilate(page.ink, np.ones((3, 3), np.uint8))  # thin lines must survive a smaller scale
    seen = cv2.dilate(_warped(thick, to_page, reference, cv2.INTER_NEAREST), reach) > 0
    inside = _warped(np.full_like(page.ink, 255), to_page, reference, cv2.INTER_NEAREST) > 0
    wanted = reference.ink > 0
    if np.count_nonzero(wanted & inside) < max(1.0, LEAST_SEEN * np.count_nonzero(wanted)):
        return 0.0
    found = float(np.mean(seen[wanted & inside]))
    chance = float(np.mean(seen[inside]))
    return max(0.0, (found - chance) / (1.0 - chance)) if chance < 1.0 else 0.0


def _by_marks(page: Landmarks, reference: Landmarks) -> list[np.ndarray]:
    """The four maps (3, 3) that lay the reference's corner marks on the page's; none without marks."""
    if page.marks is None or reference.marks is None:
        return []
    source = reference.marks.astype(np.float32)
    turned = (np.roll(page.marks, turn, axis=0).astype(np.float32) for turn in range(4))
    return [cv2.getPerspectiveTransform(source, target).astype(np.float64) for target in turned]


def _by_features(page: Landmarks, reference: Landmarks) -> list[np.ndarray]:
    """The map (3, 3) on which most features agree; none where too few do."""
    if min(len(page.points), len(reference.points)) < LEAST_MATCHES:
        return []
    pairs = cv2.BFMatcher(cv2.NORM_HAMMING).knnMatch(reference.descriptors, page.descriptors, k=2)
    good = [pair[0] for pair in pairs if len(pair) == 2 and pair[0].distance < RATIO * pair[1].distance]
    source = reference.points[[match.queryIdx for match in good]]
    target = page.points[[match.trainIdx for match in good]]
    return _agreed(source, target, SAME_PLACE)


def _agreed(source: np.ndarray, target: np.ndarray, reach: float) -> list[np.ndarray]:
    """The map (3, 3) on which most of the pairs (n, 2), (n, 2) agree within `reach`; none where too few do."""
    if len(source) < LEAST_MATCHES:
        return []
    cv2.setRNGSeed(0)  # the same page must give the same rows
    found, agreeing = cv2.findHomography(source, target, cv2.RANSAC, reach, maxIters=3000, confidence=0.999)
    return [] if found is None or np.count_nonzero(agreeing) < LEAST_MATCHES else [found]


def _followed(guess: np.ndarray, page: Landmarks, reference: Landmarks) -> np.ndarray:
    """A map (3, 3) made exact: corners of the reference's print are followed on the page as the map lays it."""
    still = cv2.GaussianBlur(reference.ink, (0, 0), 1.0)
    moved = cv2.GaussianBlur(_warped(page.ink, guess, reference, cv2.INTER_LINEAR), (0, 0), 1.0)
    corners = cv2.goodFeaturesToTrack(still, FOLLOWED, 0.05, SIDE / 80)
    if corners is None:
        return guess
    window = (FOLLOW_WINDOW, FOLLOW_WINDOW)
    followed, good, _ = cv2.calcOpticalFlowPyrLK(still, moved, corners, corners.copy(), winSize=window, maxLevel=2)
    kept = good.ravel() > 0
    shift = _agreed(corners[kept].reshape(-1, 2) + 0.5, followed[kept].reshape(-1, 2) + 0.5, EXACT)
    return guess @ shift[0] if shift else guess


def _warped(picture: np.ndarray, to_page: np.ndarray, reference: Landmarks, resampling: int) -> np.ndarray:
    """A picture of the page as the reference would show it, the reference's compared size."""
    height, width = reference.ink.shape
    centred = to_pixel_centres(to_page)
    return cv2.warpPerspective(picture, centred, (width, height), flags=resampling | cv2.WARP_INVERSE_MAP)


def to_pixel_centres(matrix: np.ndarray) -> np.ndarray:
    """A map (3, 3) between pictures whose pixels count from their corners, for cv2, which counts from their centres."""
    half = np.array([[1.0, 0.0, 0.5], [0.0, 1.0, 0.5], [0.0, 0.0, 1.0]])
    return np.linalg.inv(half) @ matrix @ half


def _is_possible(to_page: np.ndarray, page: Landmarks, reference: Landmarks) -> bool:
    """Whether a camera can see a flat page so: not mirrored, not folded, not tiny, not at a grazing angle."""
    height, width = reference.ink.shape
    corners = np.array([(0, 0, 1), (width, 0, 1), (width, height, 1), (0, height, 1)], np.float64) @ to_page.T
    if not np.isfinite(corners).all() or (corners[:, 2] <= 1e-6).any():
        return False
    corners = corners[:, :2] / corners[:, 2:]
    sides = np.roll(corners, -1, axis=0) - corners
    following = np.roll(sides, -1, axis=0)
    turns = sides[:, 0] * following[:, 1] - sides[:, 1] * following[:, 0]
    lengths = np.linalg.norm(sides, axis=1)
    area = cv2.contourArea(corners.astype(np.float32))
    opposite = max(np.abs(np.log(lengths[[0, 1]] / np.maximum(lengths[[2, 3]], 1e-6))))
    return bool((turns > 0).all() and area >= SMALLEST * page.ink.size and opposite <= np.log(STEEPEST))
