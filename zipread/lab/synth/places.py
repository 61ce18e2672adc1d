"""Places mail goes to. Those of the United States are real: codes and cities agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from zipread.towns import STATES

SPELLED_OUT, DOTTED = 0.2, 0.05
"""Shares of places that `as_people_write` names with all of their state's name, and with dots after its letters."""


CODE, CITY = "CODE", "CITY"
"""What stands for them in the form of a line."""


@dataclass(frozen=True, slots=True)
class Country:
    """How addresses are written in a country other than the United States."""

    name: str
    written: tuple[str, ...]  # how codes are written, as often as each stands here: # is a digit
    last_lines: tuple[str, ...]  # the same of the line they stand on, whose words may be CODE and CITY
    number_first: bool  # a house's number stands before its street
    streets: tuple[str, ...]
    cities: tuple[str, ...]

    @property
    def digits(self) -> int:
        """Of a code."""
        return self.written[0].count("#")

    @property
    def code_first(self) -> bool:
        """Whether a code stands before its city."""
        words = self.last_lines[0].split()
        return words.index(CODE) < words.index(CITY)


@dataclass(frozen=True, slots=True)
class Place:
    """A delivery area."""

    code: str  # five digits, or as many as its country's codes have
    city: str
    state: str  # two letters, or as `as_people_write` writes it; empty where there is none
    country: Country | None = None  # None: the United States


def load_places() -> tuple[Place, ...]:
    """List the ordinary delivery areas of the United States, by code."""
    import zipcodes

    return tuple(
        Place(entry["zip_code"], entry["city"], entry["state"])
        for entry in zipcodes.list_all()
        if entry["zip_code_type"] == "STANDARD" and entry["active"] and entry["country"] == "US"
    )


def as_people_write(places: Sequence[Place], seed: int) -> tuple[Place, ...]:
    """The same places, some with their state's name written out, some with dots after its letters."""
    chances = np.random.default_rng(seed).random(len(places))
    return tuple(
        replace(place, state=_state(place.state, chance)) for place, chance in zip(places, chances, strict=True)
    )


def _state(letters: str, chance: float) -> str:
    if chance < SPELLED_OUT:
        return STATES.get(letters, letters)
    return "".join(f"{letter}." for letter in letters) if chance < SPELLED_OUT + DOTTED else letters
