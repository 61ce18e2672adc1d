"""Ink from paper on a whole page, at a working scale for finding things."""

from __future__ import annotations

import cv2
import numpy as np

from zipread.clean.piece import find_piece
from zipread.clean.scale import halve, shrink
from zipread.clean.skew import estimate_skew
from zipread.records import CleanPage, Page

WORKING_SIDE = 1600
"""Longest side of a page while things are looked for, pixels: small print of a 300 dpi page stays legible."""
COARSE_STEP = 4
"""Working pixels per pixel of the paper map; paper changes slowly, strokes do not."""
STROKE_REACH = 9
"""Pixels of the paper map that paper must be seen within: wider dark areas count as paper of their own."""
CONTRAST_SHARE = 0.42
"""Ink is darker than this share of the way from the paper to the darkest stroke nearby (1 would be the stroke)."""
CONTRAST_FLOOR = 14.0
"""Least contrast of ink, gray levels, on a page without noise."""
NOISE_FACTOR = 3.5
"""Least contrast of ink, standard deviations of the paper's texture below its typical gray."""
INK_FREE, FULL_INK = 0.8, 0.995
"""Shares of a page's pixels, lightest first: what is at most pattern on mail, and what is short of full strokes."""
PATTERN_FACTOR, PATTERN_SHARE = 1.4, 0.5
"""Ink is darker than a pattern by this factor, unless that were more than this share of full strokes."""
PLATEAU, LEVEL = (0.85, 0.93), 1.25
"""Shares of a page's pixels, lightest first, between which a printed pattern's darkness rises by this factor at most:
a pattern is of one ink, and covers more than writing does."""
BORDER_DARKNESS = 0.55
"""A scanner border is darker than this share of the page's paper."""

_REACH = cv2.getStructuringElement(cv2.MORPH_RECT, (STROKE_REACH, STROKE_REACH))


def clean_page(page: Page) -> CleanPage:
    """Separate ink from paper at a working scale, and tell how the page lies; the page itself is not turned.

    The returned ink is (h, w) uint8, 255 ink / 0 paper. Dark areas joined to the picture's edge (scanner bed,
    copier border) hold no ink. A page without contrast gives no ink at all.
    """
    gray, scale = shrink(page.gray, WORKING_SIDE)
    ink, paper = _ink_and_paper(gray)
    piece = find_piece(paper)
    if piece is None:
        return CleanPage(gray, ink, scale, angle=estimate_skew(ink))
    piece *= (gray.shape[1] / paper.shape[1], gray.shape[0] / paper.shape[0])
    return CleanPage(gray, ink, scale, angle=estimate_skew(ink, piece), piece=piece / scale)


def ink_of_part(part: Page, longest: int, angle: float) -> CleanPage:
    """Separate ink from paper in part of a page whose longer side is `longest` pixels, at the page's working scale.

    `angle` is that of the part's text, degrees.
    """
    gray, scale = shrink(part.gray, round(WORKING_SIDE * max(part.gray.shape) / max(longest, WORKING_SIDE)))
    return CleanPage(gray, _ink_and_paper(gray)[0], scale, angle)


def _ink_and_paper(gray: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The ink of a page at working scale, (h, w) uint8, and its paper on a map COARSE_STEP times smaller."""
    coarse = halve(halve(gray))
    paper = cv2.morphologyEx(coarse, cv2.MORPH_CLOSE, _REACH)
    return _page_ink(gray, coarse, paper), paper


def _page_ink(gray: np.ndarray, coarse: np.ndarray, paper: np.ndarray) -> np.ndarray:
    """Local threshold between the paper and the darkest stroke around a pixel (after Bernsen, 1986).

    `coarse` is `gray` reduced by COARSE_STEP, `paper` the same without strokes.
    """
    height, width = gray.shape
    darkest = cv2.erode(coarse, _REACH)
    grain, pattern = _texture(gray, paper)
    floor = np.maximum(max(CONTRAST_FLOOR, grain), pattern * paper.astype(np.float32))
    depth = np.maximum(CONTRAST_SHARE * cv2.subtract(paper, darkest).astype(np.float32), floor)
    threshold = np.clip(paper - depth, 0, 255)
    smooth = cv2.blur(threshold.astype(np.uint8), (3, 3))
    smooth[_border(paper)] = 0
    fine = cv2.resize(smooth, (width, height), interpolation=cv2.INTER_LINEAR)
    return cv2.compare(gray, fine, cv2.CMP_LT)


def _texture(gray: np.ndarray, paper: np.ndarray) -> tuple[float, float]:
    """How far below the paper map bare paper reaches, by its grain (gray levels) and by its printed pattern.

    The pattern's is a share of the paper's brightness: light that falls on paper falls on what is printed on it.
    """
    sample = gray[COARSE_STEP // 2 :: COARSE_STEP, COARSE_STEP // 2 :: COARSE_STEP]
    height, width = min(sample.shape[0], paper.shape[0]), min(sample.shape[1], paper.shape[1])
    if height == 0 or width == 0:
        return 0.0, 0.0
    paper = paper[:height, :width]
    depth = paper.astype(np.int16) - sample[:height, :width]
    # Most of a page is paper, so the lower half of the depths is paper alone whatever is written on it.
    low, middle = _quantiles(depth, (0.16, 0.5))
    share = (256 * np.maximum(depth, 0).astype(np.float32) / np.maximum(paper, 1)).astype(np.int16)
    dark, lower, upper, full = _quantiles(share, (INK_FREE, *PLATEAU, FULL_INK))
    if upper <= LEVEL * lower + 2.0:
        dark = upper
    # Writing covers less of a page than its paper's pattern; of a picture cut close to it, it may cover more.
    return middle + NOISE_FACTOR * (middle - low), min(PATTERN_FACTOR * dark, PATTERN_SHARE * full) / 256


def _quantiles(values: np.ndarray, shares: tuple[float, ...]) -> list[float]:
    """Quantiles of (h, w) int16 from -255 to 256, counted."""
    counts = cv2.calcHist([(values + 255).astype(np.uint16)], [0], None, [512], [0, 512])
    found: list[float] = (np.searchsorted(np.cumsum(counts, dtype=np.float64) / values.size, shares) - 255.0).tolist()
    return found


def _border(paper: np.ndarray) -> np.ndarray:
    """Dark areas joined to the picture's edge, on the paper map, as a bool mask."""
    cumulative = np.cumsum(cv2.calcHist([paper], [0], None, [256], [0, 256]), dtype=np.float64)
    level = float(np.searchsorted(cumulative, 0.5 * paper.size))  # the median
    _, dark = cv2.threshold(paper, BORDER_DARKNESS * level, 255, cv2.THRESH_BINARY_INV)
    if not any(side.any() for side in (dark[0], dark[-1], dark[:, 0], dark[:, -1])):
        return np.zeros(paper.shape, bool)
    count, labels = cv2.connectedComponents(dark, connectivity=4)
    edge = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    touching = np.zeros(count, bool)
    touching[np.unique(edge)] = True
    touching[0] = False
    # The ramp between border and paper is as dark as ink: grow over it.
    return cv2.dilate(touching[labels].astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
