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
from zipread.records import Box, Page, Strip
from zipread.sequence import DIGIT_ROWS, normalize_line
from zipread.towns import Towns, agreement, load_towns

LENGTH, APART = 22.0, 0.15
"""How much of a line is seen left of a code, and how far from the code that ends, digit heights."""
MARGIN = 0.25
"""What is seen above and below the digits' height, as a share of all that is seen."""


@dataclass(frozen=True, slots=True)
class Words:
    """Reads what stands before a code of the United States, and compares it with the towns of codes."""

    letters: LetterReader
    towns: Towns

    def before(self, page: Page, digits: Sequence[Box], to_page: np.ndarray, angle: float) -> np.ndarray | None:
        """The letters left of a code.

        Args:
            page: the page.
            digits: of the code, left to right, in a picture of its place.
            to_page: (2, 3), maps that picture's (x, y, 1) to pixels of the page.
            angle: the direction of the line, degrees.

        Returns:
            (t, 27) probabilities, as `LetterReader.see` gives them; None where there is nothing but paper.
        """
        top, bottom = median(box.y for box in digits), median(box.bottom for box in digits)
        middle = (digits[0].x + digits[-1].right) / 2, (top + bottom) / 2
        scale, turn = float(np.hypot(*to_page[:, 1])), math.radians(angle)
        height = (bottom - top) * scale
        off = (digits[-1].right - digits[0].x) * scale / 2 + (APART + LENGTH / 2) * height
        x, y = (to_page @ (*middle, 1.0)).tolist()
        center = x - off * math.cos(turn), y - off * math.sin(turn)
        strip = Strip(center, (LENGTH * height, height / (1.0 - 2.0 * MARGIN)), angle, MARGIN)
        gray, _ = cut_gray(page, strip, DIGIT_ROWS / (1.0 - 2.0 * MARGIN))
        line = normalize_line(gray, MARGIN * gray.shape[0], (1.0 - MARGIN) * gray.shape[0])
        return None if line is None else self.letters.see(line)

    def agreement(self, before: np.ndarray, codes: Sequence[str]) -> dict[str, float]:
        """How well codes go with the letters before them, as `towns.agreement` says it."""
        return agreement(before, self.towns, codes)


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
