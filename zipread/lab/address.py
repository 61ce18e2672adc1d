"""Numbers in the lines of an address: a code behind its town, a house before its street. Only digits are named."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from zipread.lab.habits import WithHabits
from zipread.lab.synth.addresses import FIRST_NAMES, LAST_NAMES, STREETS, WAYS
from zipread.lab.synth.hands import Glyph, Hands, Prints, Script, Writing
from zipread.lab.synth.places import Place

TOWN_SHARE, HOUSE_SHARE = 0.6, 0.25
"""Shares of lines with a code behind a town, and with a house number before a street; the others: boxes and flats."""

FLATS = ("PO Box", "P.O. Box", "Apt", "Unit", "Ste", "Suite", "Fl", "No.", "Box", "Rural Route Box")
LETTER_HEIGHTS = (0.75, 1.2)
"""Height of a hand's letters (as of a digit in their font), in digit heights."""

UPPER_SHARE = 0.3
"""Share of lines in capitals."""


@dataclass(frozen=True)
class InAddress:
    """A source of digits that writes the letters of an address before and after them."""

    source: Hands | WithHabits | Prints
    alphabets: Prints  # fonts for the letters of hands
    before: str
    after: str

    @property
    def writing(self) -> Writing:
        """See DigitSource."""
        return self.source.writing

    def glyphs(self, rng: np.random.Generator, text: str, script: Script) -> list[Glyph]:
        """See DigitSource. What fonts set stands in glyphs of letters; beside hands each text is one glyph."""
        if isinstance(self.source, Prints):
            line = " ".join(filter(None, (self.before, text, self.after)))
            return self.source.glyphs(rng, line, script)
        font, height = self.alphabets.choose(rng), script.height * rng.uniform(*LETTER_HEIGHTS)
        drawn = self.source.glyphs(rng, text, script)
        texts = [
            replace(self.alphabets.line(font, part, height), text="letters", left=None) if part else None
            for part in (self.before, self.after)
        ]
        return [glyph for glyph in (texts[0], *drawn, texts[1]) if glyph is not None]


def address_line(rng: np.random.Generator, places: tuple[Place, ...], code: str) -> tuple[str, str, str]:
    """Write a line of an address around a code or another number.

    Returns:
        What stands before the number, the number, and what stands after it.
    """
    chance = rng.random()
    if chance < TOWN_SHARE:
        place = places[rng.integers(len(places))]
        comma = "," if rng.random() < 0.7 else ""
        parts = f"{place.city}{comma} {place.state}", code, "USA" if rng.random() < 0.05 else ""
    elif chance < TOWN_SHARE + HOUSE_SHARE:
        number = str(rng.integers(1, 10 ** rng.integers(2, 6)))
        parts = "", number, f"{_one(rng, STREETS)} {_one(rng, WAYS)}"
    else:
        name = f"{_one(rng, FIRST_NAMES)} {_one(rng, LAST_NAMES)} " if rng.random() < 0.2 else ""
        parts = name + _one(rng, FLATS), str(rng.integers(1, 10 ** rng.integers(2, 6))), ""
    before, number, after = parts
    return (before.upper(), number, after.upper()) if rng.random() < UPPER_SHARE else (before, number, after)


def _one(rng: np.random.Generator, choices: tuple[str, ...]) -> str:
    return choices[rng.integers(len(choices))]
