"""Ink on paper: glyphs set into a line, and laid onto a sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from zipread.lab.synth.hands import Glyph
from zipread.lab.synth.paper import smooth_noise
from zipread.records import Box

_NO_INK = np.float32(-1e6)  # where the rightmost ink of an empty row lies


@dataclass(frozen=True, slots=True)
class Line:
    """Glyphs set side by side."""

    coverage: np.ndarray  # (h, w) float32, 0 paper .. 1 full ink
    baseline: float  # row of the coverage the digits stand on
    boxes: tuple[Box, ...]  # of each glyph, in pixels of the coverage
    text: tuple[str, ...]  # of each glyph


def set_by_eye(glyphs: Sequence[Glyph], gaps: Sequence[float]) -> Line:
    """Set glyphs so that the white between neighbours, where they come closest, is gaps[i] pixels; negative overlaps.

    gaps: one fewer than the glyphs. A font's own spacing is ignored.
    """
    top = int(np.floor(min(glyph.top for glyph in glyphs)))
    bottom = int(np.ceil(max(glyph.top + glyph.coverage.shape[0] for glyph in glyphs))) + 1
    edge = np.full((bottom - top, 1), _NO_INK, np.float32)  # the rightmost ink of every row so far
    lefts: list[float] = []
    for index, glyph in enumerate(glyphs):
        start = round(glyph.top - top)
        rows = slice(start, start + glyph.coverage.shape[0])
        inked = glyph.coverage > 0.3
        some = inked.any(axis=1)
        first = inked.argmax(axis=1)
        last = np.where(some, inked.shape[1] - 1 - inked[:, ::-1].argmax(axis=1), _NO_INK)
        left = 0.0
        if index:
            # Looking two rows up and down keeps strokes apart that pass each other diagonally.
            reach = cv2.dilate(edge, np.ones((5, 1), np.uint8))[rows, 0]
            room = (reach - first)[some & (reach > _NO_INK)]
            beside = lefts[-1] + glyphs[index - 1].coverage.shape[1] * 0.5
            left = max(float(room.max()) + 1 + gaps[index - 1] if room.size else beside, lefts[-1] + 2)
        lefts.append(left)
        edge[rows, 0] = np.maximum(edge[rows, 0], left + last)
    return _set(glyphs, lefts)


def clear_of_dashes(glyphs: Sequence[Glyph], gaps: np.ndarray, least: float) -> list[float]:
    """Widen the gaps beside dashes to `least` pixels: a dash that touches a digit changes it."""
    beside = [a.text == "-" or b.text == "-" for a, b in pairwise(glyphs)]
    return np.where(beside, np.maximum(gaps, least), gaps).tolist()


def set_as_font(glyphs: Sequence[Glyph], tracking: float = 0.0) -> Line:
    """Set glyphs as their font spaces them, with `tracking` more pixels from one to the next."""
    return _set(glyphs, [(glyph.left or 0.0) + tracking * index for index, glyph in enumerate(glyphs)])


def set_in_cells(glyphs: Sequence[Glyph], centres: Sequence[float], drops: Sequence[float]) -> Line:
    """Set each glyph around its own centre, `drops[i]` pixels lower than it would stand; origin at x = 0."""
    lefts = [centre - glyph.coverage.shape[1] / 2 for glyph, centre in zip(glyphs, centres, strict=True)]
    dropped = [Glyph(glyph.text, glyph.coverage, glyph.top + drop) for glyph, drop in zip(glyphs, drops, strict=True)]
    return _set(dropped, lefts, from_zero=True)


def _set(glyphs: Sequence[Glyph], lefts: Sequence[float], *, from_zero: bool = False) -> Line:
    top = int(np.floor(min(glyph.top for glyph in glyphs)))
    bottom = int(np.ceil(max(glyph.top + glyph.coverage.shape[0] for glyph in glyphs))) + 1
    offset = min(lefts) if not from_zero else min(0.0, *lefts) if len(lefts) > 1 else min(0.0, lefts[0])
    right = max(left + glyph.coverage.shape[1] for left, glyph in zip(lefts, glyphs, strict=True)) - offset
    coverage = np.zeros((bottom - top, int(np.ceil(right)) + 1), np.float32)
    boxes = []
    for glyph, left in zip(glyphs, lefts, strict=True):
        h, w = glyph.coverage.shape
        box = Box(round(left - offset), round(glyph.top - top), w, h)
        part = coverage[box.y : box.bottom, box.x : box.right]
        np.maximum(part, glyph.coverage[: part.shape[0], : part.shape[1]], out=part)
        boxes.append(box)
    return Line(coverage, float(-top), tuple(boxes), tuple(glyph.text for glyph in glyphs))


def lay(
    sheet: np.ndarray, coverage: np.ndarray, at: tuple[int, int], level: float | np.ndarray, opacity: float = 1.0
) -> None:
    """Lay ink onto a sheet, in place; what falls outside is cut off.

    sheet: (H, W) or (H, W, 3) float32; coverage: (h, w) float32 0..1; at: (x, y) of its corner;
    level: the ink's gray, or its (3,) colour; opacity: 1 hides the paper.
    """
    x, y = at
    left, upper = max(0, x), max(0, y)
    right, lower = min(sheet.shape[1], x + coverage.shape[1]), min(sheet.shape[0], y + coverage.shape[0])
    if right <= left or lower <= upper:
        return
    part = sheet[upper:lower, left:right]
    ink = coverage[upper - y : lower - y, left - x : right - x] * np.float32(opacity)
    if sheet.ndim == 3:
        ink = ink[:, :, None]
    part += ink * (level - part)


def pencil(rng: np.random.Generator, coverage: np.ndarray, strength: float) -> np.ndarray:
    """Let the paper's grain show through, as a pencil does: same shape."""
    grain = smooth_noise(rng, (coverage.shape[0], coverage.shape[1]), 1.6)
    return coverage * np.clip(1 - strength * (0.6 + grain), 0.15, 1).astype(np.float32)


def skipping(rng: np.random.Generator, coverage: np.ndarray, size: float, share: float) -> np.ndarray:
    """Let a pen run dry here and there: spots of about `size` pixels, a `share` of the area, lose most of their ink."""
    noise = smooth_noise(rng, (coverage.shape[0], coverage.shape[1]), size)
    level = float(np.quantile(noise[::3, ::3], 1 - share))
    return coverage * (1 - 0.85 * np.clip((noise - level) * 3, 0, 1)).astype(np.float32)


def spread(coverage: np.ndarray, amount: float) -> np.ndarray:
    """Let ink run into the paper (amount > 0) or print thin (amount < 0); amount in pixels, -1..1. Same shape."""
    kernel = np.ones((3, 3), np.uint8)
    changed = cv2.dilate(coverage, kernel) if amount > 0 else cv2.erode(coverage, kernel)
    return coverage + (changed - coverage) * np.float32(abs(amount))
