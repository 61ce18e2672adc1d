"""A sheet that is printed on line by line."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zipread.lab.synth.fonts import FontFile
from zipread.lab.synth.hands import Prints
from zipread.lab.synth.ink import lay

ASCENT = 1.3
"""From where a line begins down to its feet, digit heights: letters rise above digits, and accents above letters."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet in the making. Printing changes its picture."""

    picture: np.ndarray  # (h, w, 3) float32
    dpi: float
    prints: Prints
    font: FontFile  # of what no other is named for
    ink: np.ndarray  # (3,)
    leading: float  # from line to line, digit heights

    def inches(self, count: float) -> int:
        """A length in pixels."""
        return round(count * self.dpi)

    def width(self, text: str, height: float, font: FontFile | None = None) -> int:
        """How wide a line is, in digits `height` pixels high."""
        return self.prints.line(font or self.font, text, height).coverage.shape[1]

    def set(self, text: str, at: tuple[float, float], height: float, font: FontFile | None = None) -> float:
        """Print a line, in digits `height` pixels high, its upper left corner at `at`; returns where the next begins.

        Nothing is printed, and the next line begins there, where the text is empty.
        """
        x, y = at
        if not text:
            return y
        line = self.prints.line(font or self.font, text, height)
        lay(self.picture, line.coverage, (round(x), round(y + ASCENT * height + line.top)), self.ink)
        return y + self.leading * height

    def set_between(
        self, text: str, edges: tuple[float, float], y: float, height: float, side: float, font: FontFile | None = None
    ) -> float:
        """Print a line between two columns, at the left (side 0), in the middle (0.5) or at the right (1), as `set`."""
        if not text:
            return y
        left, right = edges
        return self.set(text, (left + side * max(0.0, right - left - self.width(text, height, font)), y), height, font)
