"""The words before a code on its line: an address names the town of its code."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from zipread.clean import cut_gray
from zipread.letters import LetterReader, load_letter_reader
from zipread.records import Before, Box, FieldImage, Page, Strip
from zipread.sequence import DIGIT_ROWS, normalize_line
from zipread.towns import Towns, agreement, before_code, load_towns

LENGTH, APART = 26.0, 0.15
"""How much of a line is seen left of a code, and how far from the code that ends, digit heights."""
MARGIN = 0.25
"""What is seen above and below the digits' height, as a share of all that is seen."""


@dataclass(frozen=True, slots=True)
class Words:
    """Reads what stands before a code of the United States, and compares it with the towns of codes."""

    letters: LetterReader
    towns: Towns

    def before(self, page: Page, digits: Sequence[Box], place: FieldImage, angle: float) -> Before | None:
        """What stands left of a code.

        Args:
            page: the page.
            digits: of the code, left to right, in the picture of its place.
            place: of the code.
            angle: the direction of the line, degrees.

        Returns:
            What stands there; None where there is nothing but paper.
        """
        top, bottom = median(box.y for box in digits), median(box.bottom for box in digits)
        middle = (digits[0].x + digits[-1].right) / 2, (top + bottom) / 2
        scale, turn = float(np.hypot(*place.to_page[:, 1])), math.radians(angle)
        height = (bottom - top) * scale
        off = (digits[-1].right - digits[0].x) * scale / 2 + (APART + LENGTH / 2) * height
        x, y = (place.to_page @ (*middle, 1.0)).tolist()
        center = x - off * math.cos(turn), y - off * math.sin(turn)
        strip = Strip(center, (LENGTH * height, height / (1.0 - 2.0 * MARGIN)), angle, MARGIN)
        gray, _ = cut_gray(page, strip, DIGIT_ROWS / (1.0 - 2.0 * MARGIN))
        # Beyond the piece's edge a bed may be most of what is seen: the code tells ink from paper.
        is_light = _is_light(digits, place)
        line = normalize_line(gray, MARGIN * gray.shape[0], (1.0 - MARGIN) * gray.shape[0], is_light)
        return None if line is None else before_code(self.letters.see(line))

    def agreement(self, before: Before, codes: Sequence[str]) -> dict[str, float]:
        """How well codes go with what stands before them, as `towns.agreement` says it."""
        return agreement(before, self.towns, codes)


def _is_light(digits: Sequence[Box], place: FieldImage) -> bool:
    """Whether digits are lighter than the paper between their strokes."""
    gray, mask = (
        np.concatenate([whole[box.y : box.bottom, box.x : box.right].ravel() for box in digits])
        for whole in (place.gray, place.mask)
    )
    ink, paper = gray[mask > 0], gray[mask == 0]
    return bool(ink.size and paper.size and ink.mean() > paper.mean())


def load_words(engine: str = "onnx", folder: Path | None = None) -> Words | None:
    """Load what reads the words before a code, or None where the model folder does not hold it.

    Args:
        engine: "onnx" or "keras".
        folder: of the model; None: the one that ships.

    Raises:
        DependencyError: a file is missing or damaged, or Keras is not installed.
    """
    letters = load_letter_reader(engine, folder)
    return None if letters is None else Words(letters, load_towns())
