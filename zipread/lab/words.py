"""Letters beside a code: a state before it, a country after it. To a reader of digits they are nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zipread.lab.habits import WithHabits
from zipread.lab.rejects import LETTERS
from zipread.lab.synth.hands import Glyph, Hands, Prints, Script, Writing
from zipread.lab.synth.strokes import Pen, draw, stroke_fields
from zipread.normalize import normalize_ink

AFTER_SHARE = 0.25
"""Share of the words that stand after the code."""

LENGTHS = (1, 2, 2, 2, 3, 4)
"""Letters of a word. Those that pass for digits are left out: beside a code only the words could tell them apart."""

HEIGHTS = (0.8, 1.15)
"""Height of written capitals, in digit heights."""

_SPECIMEN = 40.0
"""Height at which a written letter is taken from its font, pixels."""


@dataclass(frozen=True)
class WithWord:
    """A source of digits that writes a word beside them, by the same pen or in the same font."""

    source: Hands | WithHabits | Prints
    alphabets: Prints  # fonts for the letters of hands

    @property
    def writing(self) -> Writing:
        """See DigitSource."""
        return self.source.writing

    def glyphs(self, rng: np.random.Generator, text: str, script: Script) -> list[Glyph]:
        """See DigitSource; the letters are glyphs of their own."""
        after = rng.random() < AFTER_SHARE
        word = "".join(rng.choice(LETTERS, rng.choice(LENGTHS)))
        if isinstance(self.source, Prints):
            return self.source.glyphs(rng, f"{text} {word}" if after else f"{word} {text}", script)
        digits, letters = self.source.glyphs(rng, text, script), self._written(rng, word, script)
        return [*digits, *letters] if after else [*letters, *digits]

    def _written(self, rng: np.random.Generator, word: str, script: Script) -> list[Glyph]:
        font = self.alphabets.choose(rng)
        letters = self.alphabets.glyphs_in(font, word, Script(_SPECIMEN, 1.0))
        specimens = np.stack([normalize_ink((letter.coverage * 255).astype(np.uint8)) for letter in letters])
        pen = Pen(script.stroke, script.evenness, script.slant, softness=1.0 + 0.03 * script.height)
        height = script.height * rng.uniform(*HEIGHTS)
        drawn = []
        for letter, shape in zip(letters, stroke_fields(specimens), strict=True):
            baseline = rng.normal(0, script.wobble) * script.height
            unevenness = rng.normal(0, script.pressure, (5, 5)).astype(np.float32)
            coverage = draw(shape, height * letter.coverage.shape[0] / _SPECIMEN, pen, unevenness)
            drawn.append(Glyph(letter.text, coverage, baseline - coverage.shape[0]))
        return drawn
