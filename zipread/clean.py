"""Ink from paper: a whole page at a working scale for finding things, one field at full scale for reading.

Both work on darkness relative to the paper around a pixel, so shadows, gradients and coloured paper fall out.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from zipread.records import Box, CleanPage, Field, FieldImage, Page

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
BORDER_DARKNESS = 0.55
"""A scanner border is darker than this share of the page's paper."""

MAX_SKEW = 15.0
"""Largest skew looked for, degrees."""

FIELD_HEIGHT = 160.0
"""Tallest cut of a field across its line, pixels: strokes keep 3 px or more, and the cost stays bounded."""
INK_DARKNESS = 0.35
"""Least darkness of ink in a field, as a share of its full strokes' darkness."""

GRAIN = 1.2
BLUR_REACH = 2.5
"""Standard deviations, pixels, of the grain smoothed away and of the blur undone when sharpening."""

MIN_FIELD_CONTRAST = 0.10
"""Least darkness of ink in a field, as a share of the paper's brightness."""


def clean_page(page: Page) -> CleanPage:
    """Separate ink from paper at a working scale and estimate the skew; the page itself is not turned.

    The returned ink is (h, w) uint8, 255 ink / 0 paper. Dark areas joined to the picture's edge (scanner bed,
    copier border) hold no ink. A page without contrast gives no ink at all.
    """
    gray, scale = _shrink(page.gray, WORKING_SIDE)
    ink = _page_ink(gray)
    return CleanPage(ink=ink, scale=scale, angle=estimate_skew(ink))


def _shrink(gray: np.ndarray, side: int) -> tuple[np.ndarray, float]:
    """Shrink to at most `side` pixels; returns the picture and working pixels per original pixel."""
    height, width = gray.shape
    scale = min(1.0, side / max(height, width))
    if scale == 1.0:
        return gray, 1.0
    # Bilinear steps of at most one half average every source pixel, and cost a tenth of INTER_AREA.
    while max(gray.shape) >= 2 * side:
        gray = _halve(gray)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(gray, size, interpolation=cv2.INTER_LINEAR), scale


def _halve(gray: np.ndarray) -> np.ndarray:
    height, width = gray.shape
    size = (max(1, width // 2), max(1, height // 2))
    return cv2.resize(gray, size, interpolation=cv2.INTER_LINEAR)


def _page_ink(gray: np.ndarray) -> np.ndarray:
    """Local threshold between the paper and the darkest stroke around a pixel (after Bernsen, 1986)."""
    height, width = gray.shape
    coarse = _halve(_halve(gray))
    reach = cv2.getStructuringElement(cv2.MORPH_RECT, (STROKE_REACH, STROKE_REACH))
    paper = cv2.morphologyEx(coarse, cv2.MORPH_CLOSE, reach)
    darkest = cv2.erode(coarse, reach)
    floor = max(CONTRAST_FLOOR, _texture(gray, paper))
    depth = np.maximum(CONTRAST_SHARE * cv2.subtract(paper, darkest).astype(np.float32), floor)
    threshold = np.clip(paper - depth, 0, 255)
    smooth = cv2.blur(threshold.astype(np.uint8), (3, 3))
    smooth[_border(paper)] = 0
    fine = cv2.resize(smooth, (width, height), interpolation=cv2.INTER_LINEAR)
    return cv2.compare(gray, fine, cv2.CMP_LT)


def _texture(gray: np.ndarray, paper: np.ndarray) -> float:
    """How far below the paper map bare paper reaches, gray levels: grain, scanner noise, halftone."""
    sample = gray[COARSE_STEP // 2 :: COARSE_STEP, COARSE_STEP // 2 :: COARSE_STEP]
    height, width = min(sample.shape[0], paper.shape[0]), min(sample.shape[1], paper.shape[1])
    if height == 0 or width == 0:
        return 0.0
    depth = paper[:height, :width].astype(np.int16) - sample[:height, :width]
    # Most of a page is paper, so the lower half of the depths is paper alone whatever is written on it.
    counts = cv2.calcHist([(depth + 255).astype(np.uint16)], [0], None, [511], [0, 511])
    cumulative = np.cumsum(counts, dtype=np.float64) / depth.size
    low, middle = np.searchsorted(cumulative, [0.16, 0.5]) - 255
    return float(middle + NOISE_FACTOR * (middle - low))


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


# --- skew ---------------------------------------------------------------------------------------------------------


def estimate_skew(ink: np.ndarray) -> float:
    """Skew of the text lines in degrees, positive when they run downwards to the right; 0 when there are none.

    `ink` is (h, w) uint8, 255 ink. The criterion is that of the projection profile (Postl, 1986): at the right
    angle the components' feet fall on few lines. It is taken over components instead of pixels, which is cheap and
    keeps a long envelope edge or a picture from outvoting the text.
    """
    points, size = _feet(_at_half_scale(ink))
    if len(points) < 4:
        return 0.0
    bin_size, fine_size = max(1.0, 0.25 * size), max(1.0, 0.12 * size)
    coarse = np.arange(-MAX_SKEW, MAX_SKEW + 0.5, 1.0)
    score = _profile_score(points, coarse, bin_size) * _small_angles_first(coarse)
    best = float(coarse[int(np.argmax(score))])
    fine = np.clip(np.arange(best - 1.0, best + 1.01, 0.1), -MAX_SKEW, MAX_SKEW)
    score = _profile_score(points, fine, fine_size) * _small_angles_first(fine)
    found = float(fine[int(np.argmax(score))])
    # A handful of letters fit some line by chance; then the upright page is the better guess.
    at_zero, at_found = _profile_score(points, np.array([0.0, found]), fine_size)
    return found if at_found > at_zero * (1.0 + 2.0 / math.sqrt(len(points))) else 0.0


def _at_half_scale(ink: np.ndarray) -> np.ndarray:
    if min(ink.shape) < 200:
        return ink
    return cv2.threshold(_halve(ink), 60, 255, cv2.THRESH_BINARY)[1]


def _feet(ink: np.ndarray) -> tuple[np.ndarray, float]:
    """Lower middle points (n, 2) of the components that look like letters, and their median height, pixels."""
    # A run of ink pixels begins at most one label, and 16 bits hold 65,535 of them.
    runs = len(ink) + np.count_nonzero(ink[:, 1:] > ink[:, :-1])
    label_type = cv2.CV_16U if runs < 65_000 else cv2.CV_32S
    _, _, stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(ink, 8, label_type, cv2.CCL_SPAGHETTI)
    x, y, w, h, _ = stats[1:].T.astype(np.float64)
    letter = (h >= 4) & (h <= 0.3 * ink.shape[0]) & (w <= 6 * h) & (h <= 8 * w)
    if not letter.any():
        return np.empty((0, 2)), 0.0
    # Specks outnumber letters on rough paper; the height that holds most of the extent is the letters'.
    size = _weighted_median(h[letter], h[letter])
    letter &= (h >= 0.4 * size) & (h <= 2.5 * size)
    return np.stack([x + w / 2, y + h], axis=1)[letter], size


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


# --- fields -------------------------------------------------------------------------------------------------------


def cut_field(page: Page, field: Field, least_darkness: float = INK_DARKNESS, sharpen: float = 0.0) -> FieldImage:
    """Cut a field out of the full page, upright, and separate its ink.

    The picture keeps the page's resolution unless the field is taller than FIELD_HEIGHT; it is never enlarged.
    `to_page` of the result maps its points back to pixels of the page. `least_darkness` as for `separate_ink`;
    `sharpen` is the strength of the sharpening before it, for pictures out of focus.
    """
    along, across = max(1.0, field.size[0]), max(1.0, field.size[1])
    scale = min(1.0, FIELD_HEIGHT / across)
    width, height = max(1, round(along * scale)), max(1, round(across * scale))
    to_page = _frame_to_page(field, width, height)
    gray = _warp(page.gray, to_page, width, height, shrink=1.0 / scale)
    ink, mask = separate_ink(_sharpened(gray, sharpen) if sharpen > 0 else gray, least_darkness)
    return FieldImage(gray, ink, mask, to_page, _scale_cells(field.cells, width / along, height / across))


def _sharpened(gray: np.ndarray, strength: float) -> np.ndarray:
    """Unsharp masking (Jain 1989, ch. 7) of a slightly smoothed picture, so that grain is not what gets sharp."""
    fine = cv2.GaussianBlur(gray, (0, 0), GRAIN)
    coarse = cv2.GaussianBlur(gray, (0, 0), BLUR_REACH)
    return cv2.addWeighted(fine, 1.0 + strength, coarse, -strength, 0.0)


def _frame_to_page(field: Field, width: int, height: int) -> np.ndarray:
    """Affine map (2, 3) from a (width, height) picture of the field to pixels of the page."""
    angle = math.radians(field.angle)
    along = np.array([math.cos(angle), math.sin(angle)]) * (field.size[0] / width)
    across = np.array([-math.sin(angle), math.cos(angle)]) * (field.size[1] / height)
    corner = np.array(field.center) - along * width / 2 - across * height / 2
    return np.column_stack([along, across, corner])


def _warp(gray: np.ndarray, to_page: np.ndarray, width: int, height: int, shrink: float) -> np.ndarray:
    """Sample the picture through `to_page`; when shrinking, oversample first and average down."""
    step = math.ceil(shrink - 1e-6)
    matrix = to_page.copy()
    matrix[:, :2] /= step
    # cv2 counts from pixel centres, the records from pixel corners.
    matrix[:, 2] += matrix[:, :2] @ [0.5, 0.5] - 0.5
    size = (width * step, height * step)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    cut = cv2.warpAffine(gray, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return cut if step == 1 else cv2.resize(cut, (width, height), interpolation=cv2.INTER_AREA)


def _scale_cells(cells: tuple[Box, ...], fx: float, fy: float) -> tuple[Box, ...]:
    scaled = []
    for cell in cells:
        left, top = round(cell.x * fx), round(cell.y * fy)
        right, bottom = round(cell.right * fx), round(cell.bottom * fy)
        scaled.append(Box(left, top, max(1, right - left), max(1, bottom - top)))
    return tuple(scaled)


def separate_ink(gray: np.ndarray, least_darkness: float = INK_DARKNESS) -> tuple[np.ndarray, np.ndarray]:
    """Separate writing from paper in the gray picture of a field, (h, w) uint8.

    Returns `ink` (h, w) uint8, 0 paper .. 255 full ink with the strokes' soft edges, and `mask` (h, w) uint8,
    255 ink / 0 paper. Light writing on dark paper is turned first. Without contrast both are all zero.

    Darkness is taken relative to the paper (the picture closed over the width of a stroke, smoothed) and cut by
    the threshold of Otsu (1979), but at no less than `least_darkness` (0 to 1) of what full strokes have: more of
    it drops printed patterns, and in the end hairlines.
    """
    height, width = gray.shape
    nothing = np.zeros((height, width), np.uint8)
    if min(height, width) < 3:
        return nothing, nothing.copy()
    if _light_on_dark(gray):
        gray = 255 - gray
    darkness = _darkness(gray)
    threshold, full = _ink_levels(darkness, least_darkness)
    if full - threshold <= 0 or full < MIN_FIELD_CONTRAST:
        return nothing, nothing.copy()
    mask = (darkness > threshold).astype(np.uint8) * 255
    near = cv2.dilate(mask, np.ones((3, 3), np.uint8)) > 0
    # Half of a stroke's darkness at its edge becomes half of full ink; the paper's own texture stays black.
    foot = max(0.0, 2 * threshold - full)
    soft = np.clip((darkness - foot) / (full - foot), 0.0, 1.0) * 255.0
    ink = np.where(near, soft, 0.0).astype(np.uint8)
    return ink, mask


def _light_on_dark(gray: np.ndarray) -> bool:
    """Whether the writing is the lighter part: paper is the larger class, and is what the rim shows."""
    threshold, _ = cv2.threshold(gray, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    dark = gray <= threshold
    rim = np.concatenate([dark[0], dark[-1], dark[:, 0], dark[:, -1]])
    return bool(dark.mean() > 0.6 and rim.mean() > 0.6)


def _darkness(gray: np.ndarray) -> np.ndarray:
    """Darkness 0 (paper) .. 1 (black) relative to the paper around, (h, w) float32."""
    height, width = gray.shape
    reach = max(3, round(0.35 * min(height, 3 * width))) | 1
    smooth = cv2.GaussianBlur(gray, (3, 3), 0)
    padded = cv2.copyMakeBorder(smooth, reach, reach, reach, reach, cv2.BORDER_REPLICATE)
    paper = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, np.ones((reach, reach), np.uint8))
    paper = cv2.blur(paper, (reach, reach))[reach:-reach, reach:-reach].astype(np.float32)
    return np.clip(1.0 - gray.astype(np.float32) / np.maximum(paper, 1.0), 0.0, 1.0)


def _ink_levels(darkness: np.ndarray, least_darkness: float) -> tuple[float, float]:
    """Threshold between paper and ink, and the darkness of full ink."""
    scaled = np.round(darkness * 255.0).astype(np.uint8)
    otsu, _ = cv2.threshold(scaled, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    above = darkness[darkness > otsu / 255.0]
    if above.size == 0:
        return 1.0, 0.0
    full = float(np.quantile(above, 0.75))
    return max(float(otsu) / 255.0, least_darkness * full, 0.5 * MIN_FIELD_CONTRAST), full
