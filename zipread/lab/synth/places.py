"""Invented addresses in real places: codes and cities agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

FIRST_NAMES = (
    *("Alice", "Brian", "Carmen", "Daniel", "Edith", "Frank", "Gloria", "Henry", "Irene", "Jacob", "Karen", "Leo"),
    *("Maria", "Nathan", "Olivia", "Peter", "Quinn", "Rosa", "Samuel", "Teresa", "Victor", "Wanda", "Yusuf", "Zoe"),
)
LAST_NAMES = (
    *("Abbott", "Becker", "Castillo", "Dawson", "Ellison", "Fischer", "Garcia", "Hughes", "Ibarra", "Jensen", "Kim"),
    *("Larsen", "Mitchell", "Nguyen", "Owens", "Patel", "Quigley", "Rivera", "Shaw", "Turner", "Underwood", "Vance"),
    *("Whitaker", "Young", "Zimmerman"),
)
COMPANIES = (
    *("Acorn Insurance Co", "Blue Ridge Dental", "City Water Dept", "Delta Supply Inc", "Evergreen Credit Union"),
    *("First Harbor Bank", "Golden State Motors", "Hometown Books LLC", "Iron Valley Tools", "Juniper Health Plan"),
)
STREETS = (
    *("Oak", "Maple", "Washington", "Lake", "Hill", "Main", "Elm", "Sunset", "Lincoln", "Highland", "Church", "Mill"),
    *("River", "Cherry", "Franklin", "Jackson", "Park", "Cedar", "Meadow", "Prospect", "Walnut", "Spring", "Ridge"),
)
WAYS = ("St", "Ave", "Rd", "Dr", "Ln", "Blvd", "Ct", "Street", "Avenue", "Road", "Way")

STATES = dict(
    AL="Alabama", AK="Alaska", AZ="Arizona", AR="Arkansas", CA="California", CO="Colorado", CT="Connecticut",
    DE="Delaware", FL="Florida", GA="Georgia", HI="Hawaii", ID="Idaho", IL="Illinois", IN="Indiana", IA="Iowa",
    KS="Kansas", KY="Kentucky", LA="Louisiana", ME="Maine", MD="Maryland", MA="Massachusetts", MI="Michigan",
    MN="Minnesota", MS="Mississippi", MO="Missouri", MT="Montana", NE="Nebraska", NV="Nevada", NH="New Hampshire",
    NJ="New Jersey", NM="New Mexico", NY="New York", NC="North Carolina", ND="North Dakota", OH="Ohio", OK="Oklahoma",
    OR="Oregon", PA="Pennsylvania", RI="Rhode Island", SC="South Carolina", SD="South Dakota", TN="Tennessee",
    TX="Texas", UT="Utah", VT="Vermont", VA="Virginia", WA="Washington", WV="West Virginia", WI="Wisconsin",
    WY="Wyoming",
)  # fmt: skip
"""Names of the states by their two letters."""
SPELLED_OUT, DOTTED = 0.2, 0.05
"""Shares of places that `as_people_write` names with all of their state's name, and with dots after its letters."""

CodePlace = Literal["after the state", "on its own line", "before a country"]


@dataclass(frozen=True, slots=True)
class Place:
    """A delivery area."""

    code: str  # five digits
    city: str
    state: str  # two letters, or as `as_people_write` writes it


@dataclass(frozen=True, slots=True)
class Address:
    """An address as it is written. The code ends the line before `after`, or stands alone there."""

    lines: tuple[str, ...]  # above the line of the code
    city: str  # what stands left of the code on its line; empty when the code is alone
    place: Place
    plus4: str = ""
    after: tuple[str, ...] = ()  # lines below the code
    coded: bool = True  # False: whoever wrote this forgot the code

    @property
    def code(self) -> str:
        """The code as written, with its +4; empty if it was forgotten."""
        if not self.coded:
            return ""
        return f"{self.place.code}-{self.plus4}" if self.plus4 else self.place.code


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


def make_address(rng: np.random.Generator, place: Place, *, business: bool) -> Address:
    """Invent who lives there. business: a company and a department rather than a person."""
    number = int(rng.integers(1, 10 ** rng.integers(2, 6)))
    street = f"{number} {_one(rng, STREETS)} {_one(rng, WAYS)}"
    if rng.random() < 0.12:
        street = f"PO Box {rng.integers(10, 99999)}"
    name = f"{_one(rng, FIRST_NAMES)} {_one(rng, LAST_NAMES)}"
    if rng.random() < 0.3:
        name = f"{_one(rng, ('Mr.', 'Mrs.', 'Ms.', 'Dr.'))} {name}"
    lines = [_one(rng, COMPANIES), *([f"Attn: {name}"] if rng.random() < 0.4 else [])] if business else [name]
    if rng.random() < 0.25:
        unit = f"{_one(rng, ('Apt', 'Unit', 'Ste', 'Fl'))} {rng.integers(1, 2400)}"
        if rng.random() < 0.5:
            lines.append(unit)
        else:
            street = f"{street} {unit}"
    lines.append(street)
    plus4 = f"{rng.integers(1, 9999):04d}" if rng.random() < 0.18 else ""
    comma = "," if rng.random() < 0.7 else ""
    city = f"{place.city}{comma} {place.state}"
    where: CodePlace = ("after the state", "on its own line", "before a country")[rng.choice(3, p=[0.85, 0.1, 0.05])]
    if where == "on its own line":
        return Address((*lines, city), "", place, plus4)
    return Address(tuple(lines), city, place, plus4, ("USA",) if where == "before a country" else ())


def _one(rng: np.random.Generator, choices: tuple[str, ...]) -> str:
    return choices[rng.integers(len(choices))]
