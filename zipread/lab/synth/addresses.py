"""Invented addresses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from zipread.lab.synth.places import CITY, CODE, Country, Place

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

CodePlace = Literal["after the state", "on its own line", "before a country"]

UNITS_ABROAD = ("Flat", "Floor", "Block", "Room", "Apt.", "Plot No.", "Sector", "Unit")
POST_BOXES = ("P.O. Box", "PO Box", "Postfach", "BP", "Apartado", "Casella Postale", "Box", "G.P.O. Box")
WITH_UNIT, IN_POST_BOX, NAMED_COUNTRY, WITH_PHONE = 0.25, 0.15, 0.3, 0.12
"""Shares of addresses abroad with a number of a flat or a plot, to a post box, that end in the country's name, and in a
telephone number."""


@dataclass(frozen=True, slots=True)
class Address:
    """An address as it is written. The code stands on the line before `after`."""

    lines: tuple[str, ...]  # above the line of the code
    city: str  # what stands beside the code on its line; empty when the code is alone
    place: Place
    plus4: str = ""
    after: tuple[str, ...] = ()  # lines below the code
    coded: bool = True  # False: whoever wrote this forgot the code
    form: str = f"{CITY} {CODE}"  # of the line of the code
    grouped: str = ""  # how the code is written, # for a digit; empty: in one

    @property
    def code(self) -> str:
        """The code as written, with its +4; empty if it was forgotten."""
        if not self.coded:
            return ""
        digits = iter(self.place.code)
        code = "".join(next(digits) if c == "#" else c for c in self.grouped) or self.place.code
        return f"{code}-{self.plus4}" if self.plus4 else code

    @property
    def boxed(self) -> str:
        """The code's digits without its +4, as they go into boxes; empty if it was forgotten."""
        return self.place.code if self.coded else ""

    @property
    def last_words(self) -> tuple[str, ...]:
        """Words of the line of the code, which is one of them even if there is a space in it; none without both."""
        if not self.coded:
            return tuple(self.city.split())
        around = [part.replace(CITY, self.city).split() for part in self.form.split(CODE)]
        return (*around[0], self.code, *around[1])

    @property
    def last_line(self) -> str:
        """The line of the code; empty if there is none."""
        return " ".join(self.last_words)


def make_address(rng: np.random.Generator, place: Place, *, business: bool) -> Address:
    """Invent who lives there. business: a company and a department rather than a person."""
    if place.country is not None:
        return _abroad(rng, place, place.country, business=business)
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


def _abroad(rng: np.random.Generator, place: Place, country: Country, *, business: bool) -> Address:
    name = f"{_one(rng, FIRST_NAMES)} {_one(rng, LAST_NAMES)}"
    lines = [_one(rng, COMPANIES), *([name] if rng.random() < 0.4 else [])] if business else [name]
    if rng.random() < WITH_UNIT:
        lines.append(f"{_one(rng, UNITS_ABROAD)} {rng.integers(1, 1200)}")
    number, street = str(rng.integers(1, 10 ** rng.integers(2, 5))), _one(rng, country.streets)
    lines.append(f"{number} {street}" if country.number_first else f"{street} {number}")
    if rng.random() < IN_POST_BOX:
        lines[-1] = f"{_one(rng, POST_BOXES)} {rng.integers(1, 10 ** rng.integers(2, 7))}"
    after = [country.name.upper()] if rng.random() < NAMED_COUNTRY else []
    if rng.random() < WITH_PHONE:
        after.append(f"{_one(rng, ('Tel.', 'Mob.', 'Ph:', 'Tel:'))} {rng.integers(10**8, 10**10)}")
    form, city = _one(rng, country.last_lines), place.city
    if CITY not in form:
        lines.append(city)
        city = ""
    return Address(tuple(lines), city, place, after=tuple(after), form=form, grouped=_one(rng, country.written))


def _one(rng: np.random.Generator, choices: tuple[str, ...]) -> str:
    return choices[rng.integers(len(choices))]
