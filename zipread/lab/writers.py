"""Writers beside those of a collection: drawn from strokes, or made from fonts that were somebody's handwriting.

Each has one shape for every digit, so that the shapes of other countries come in whole strings by one hand.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from zipread.lab.characters import render_glyphs
from zipread.lab.mnist import Digits
from zipread.lab.shapes import CANVAS, THINNEST_STROKE, Shape, ink_of, line_shape, mask_shape, thin_shape
from zipread.lab.strokes import draw_center_lines, own_shape
from zipread.lab.synth.fonts import FontFile
from zipread.normalize import normalize_ink

DRAWN_WRITERS = 360
"""Writers drawn from strokes."""

HANDS_A_FONT = 2
"""Writers made from one font: the first with its strokes, the others with a pen of their own."""

SPECIMENS = 4
"""Of each digit by each such writer."""

FINEST = 2.2
"""Half the width of the finest strokes, pixels of the fine canvas: specimens are redrawn, and must survive it."""

FONT_BEND = 4.0
"""Standard deviation of how far a writer made from a font bends its shapes, pixels of the fine canvas."""


def drawn_writers(seed: int) -> Digits:
    """Writers who draw every digit by one of the known shapes, bent in their own way."""
    rng = np.random.default_rng(seed)
    images, labels, writers = [], [], []
    for writer in range(DRAWN_WRITERS):
        for digit in range(10):
            shape = own_shape(rng, digit)
            images += [_specimen(rng, line_shape(draw_center_lines(rng, shape, CANVAS))) for _ in range(SPECIMENS)]
            labels += [digit] * SPECIMENS
            writers += [-1 - writer] * SPECIMENS
    return _digits(images, labels, writers)


def font_writers(fonts: Sequence[FontFile], seed: int) -> Digits:
    """Writers who write as a font does, each bending its shapes in their own way.

    Args:
        fonts: handwriting that was made into fonts.
        seed: decides everything.
    """
    rng = np.random.default_rng((seed, len(fonts)))
    images, labels, writers = [], [], []
    writer = -1 - DRAWN_WRITERS
    for font in fonts:
        masks, digits = render_glyphs([font], "0123456789")
        for hand in range(HANDS_A_FONT):
            for mask, digit in zip(masks, digits.tolist(), strict=True):
                bent = _bent(rng, mask)
                shape = thin_shape(bent) if hand else _with_hairlines(bent)
                images += [_specimen(rng, shape) for _ in range(SPECIMENS)]
                labels += [digit] * SPECIMENS
                writers += [writer] * SPECIMENS
            writer -= 1
    return _digits(images, labels, writers)


def together(*parts: Digits) -> Digits:
    """All digits of several collections, whose writers differ."""
    x, y, writer = (np.concatenate([getattr(part, name) for part in parts]) for name in ("x", "y", "writer"))
    return Digits(x, y, writer)


def _specimen(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    rows = round(THINNEST_STROKE * CANVAS / FINEST)
    return normalize_ink(ink_of(rng, shape, 0.7, rows))


def _with_hairlines(mask: np.ndarray) -> Shape:
    """Shape of a picture (84, 84) uint8, 255 on ink, whose finest strokes are as broad as FINEST."""
    body, lines = mask_shape(mask), thin_shape(mask)
    return Shape(np.minimum(body.distance, lines.distance - FINEST), is_center_line=False)


def _bent(rng: np.random.Generator, mask: np.ndarray) -> np.ndarray:
    """A picture (84, 84) uint8 bent smoothly as a whole."""
    moves = rng.normal(0.0, FONT_BEND, (2, 3, 3)).astype(np.float32)
    dx, dy = (cv2.resize(move, (CANVAS, CANVAS), interpolation=cv2.INTER_CUBIC) for move in moves)
    ys, xs = np.mgrid[0:CANVAS, 0:CANVAS].astype(np.float32)
    bent = cv2.remap(mask, xs + dx, ys + dy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
    return np.where(bent > 127, 255, 0).astype(np.uint8)


def _digits(images: list[np.ndarray], labels: list[int], writers: list[int]) -> Digits:
    return Digits(np.stack(images), np.array(labels, np.uint8), np.array(writers, np.int32))
