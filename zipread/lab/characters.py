"""Characters of fonts, drawn large: print to train with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from zipread.lab import rejects
from zipread.lab.shapes import CANVAS
from zipread.lab.synth.fonts import FontFile


@dataclass(frozen=True, slots=True)
class Glyphs:
    """Characters of fonts, drawn large: (n, 84, 84) uint8, 255 on ink."""

    digits: np.ndarray
    digit_labels: np.ndarray  # (n,) uint8
    letters: np.ndarray


def render_glyphs(fonts: Sequence[FontFile], characters: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Draw characters of fonts in the middle of the fine canvas.

    Returns:
        (n, 84, 84) uint8, 255 on ink, and (n,) int64 indices into `characters`. What a font lacks is left out.
    """
    from PIL import Image, ImageDraw, ImageFont

    pictures, indices = [], []
    for font_file in fonts:
        font = ImageFont.truetype(str(font_file.path), 64, index=font_file.index)
        for index, character in enumerate(characters):
            left, top, right, bottom = font.getbbox(character)
            side = max(right - left, bottom - top)
            if side < 8 or side > 200:
                continue
            big = Image.new("L", (int(side * 1.5), int(side * 1.5)), 0)
            at = ((big.width - (right - left)) / 2 - left, (big.height - (bottom - top)) / 2 - top)
            ImageDraw.Draw(big).text(at, character, fill=255, font=font)
            ink = cv2.resize(np.asarray(big), (CANVAS, CANVAS), interpolation=cv2.INTER_AREA)
            mask = np.where(ink > 127, 255, 0).astype(np.uint8)
            if mask.any():
                pictures.append(mask)
                indices.append(index)
    return np.stack(pictures), np.array(indices)


def font_glyphs(fonts: Sequence[FontFile]) -> Glyphs:
    """Digits and letters (those that are no digit's look-alike) of the given fonts."""
    digits, labels = render_glyphs(fonts, "0123456789")
    letters, _ = render_glyphs(fonts, (*rejects.LETTERS, *rejects.SYMBOLS))
    return Glyphs(digits, labels.astype(np.uint8), letters)
