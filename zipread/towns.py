"""The towns of ZIP codes, and what the words before a code say of it.

The table is made from the package `zipcodes` by `python -m zipread.lab.directory`, as that of `directory.py` is.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zipread.decode import UNRELATED
from zipread.errors import DependencyError
from zipread.letters import LETTERS, endings, likeliest_letters
from zipread.records import Before

TABLE = Path(__file__).parent / "data" / "us-towns.txt"

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

SHORT = {"SAINT": "ST", "FORT": "FT", "MOUNT": "MT", "NORTH": "N", "SOUTH": "S", "EAST": "E", "WEST": "W"}
"""First words of towns, and how they are shortened."""

FEWEST = 2
"""Letters before a code, fewer of which say nothing."""

SAYS = 0.6
"""Share of what the letters say that counts: neighbouring columns see the same ink."""
TOWN, STATE = math.log(0.85), math.log(0.1)
"""Log probabilities that the town of a code, or another in its state, stands before it."""
ANY_TOWN = 5.0
"""What it costs that some town in the state stands before a code, log probability."""
STATE_IN_FORM = math.log(0.5)
"""Log probability that in a form, which has a place of its own for the town, the state alone stands before a code."""

LABELS = ("ZIP", "ZIPCODE", "POSTALCODE")
"""What a form calls a code, before the place for it."""
IS_LABEL = -6.0
"""Log probability from which a line is taken to end in one of them: of 1,326 places on made pages 38 did so, and at 36
of them the code was read."""
GOES_WITH = 2.0
"""What stands before a form's label says something only where it goes with a code by so much, log likelihood: it may be
another label."""


@dataclass(frozen=True, slots=True)
class Towns:
    """The towns of the United States by code."""

    lines: Sequence[bytes]  # sorted: code, state, towns, parted by tabs

    def of(self, code: str) -> tuple[str, tuple[str, ...]] | None:
        """The two letters of a code's state, and what its towns are called; None for a code that is not listed."""
        key = f"{code}\t".encode()
        at = bisect_left(self.lines, key)
        if at == len(self.lines) or not self.lines[at].startswith(key):
            return None
        _, state, *names = self.lines[at].decode("ascii").split("\t")
        return state, tuple(names)


def load_towns() -> Towns:
    """Load the table. Raises DependencyError where it is missing."""
    try:
        return Towns(TABLE.read_bytes().splitlines())
    except OSError as error:
        raise DependencyError(f"{TABLE}: the ZIP directory cannot be read ({error}); reinstall zipread") from error


def before_code(columns: np.ndarray) -> Before:
    """What stands before a code, from the letters (t, 27) of its line, left of it."""
    said = endings(columns, LABELS)
    best = int(said.argmax())
    return Before(columns, LABELS[best], float(said[best])) if said[best] >= IS_LABEL else Before(columns, "", 0.0)


def agreement(before: Before, towns: Towns, codes: Sequence[str]) -> dict[str, float]:
    """How well what stands before a code goes with each of some codes.

    Args:
        before: what stands there.
        towns: of codes.
        codes: what the line may be followed by.

    Returns:
        Log likelihoods; nothing where too few letters stand there, or before a form's label nothing that goes with any
        of the codes.
    """
    if len(likeliest_letters(before.columns)) < FEWEST:
        return {}
    listed = {code: place for code in codes if (place := towns.of(code)) is not None}
    if not listed:
        return dict.fromkeys(codes, UNRELATED)
    states = [said for state, _ in listed.values() for said in _spelled_state(state)]
    places = [
        town + said
        for state, names in listed.values()
        for said in _spelled_state(state)
        for name in names
        for town in _spelled(name)
    ]
    phrases = list(dict.fromkeys((*states, *places)))
    said = endings(before.columns, [phrase + before.label for phrase in phrases]) - before.label_fits
    fits = dict(zip(phrases, (SAYS * said).tolist(), strict=True))
    likelihoods = {code: _likelihood(listed.get(code), fits, is_in_form=bool(before.label)) for code in codes}
    return {} if before.label and max(likelihoods.values()) < UNRELATED + GOES_WITH else likelihoods


def _likelihood(place: tuple[str, tuple[str, ...]] | None, fits: Mapping[str, float], is_in_form: bool) -> float:
    told = [UNRELATED]
    if place is not None:
        state, names = place
        states = _spelled_state(state)
        alone = STATE_IN_FORM if is_in_form else STATE - ANY_TOWN
        told.append(alone + max(fits[said] for said in states))
        told.append(TOWN + max(fits[town + said] for name in names for town in _spelled(name) for said in states))
    return float(np.logaddexp.reduce(told))


def _spelled(name: str) -> tuple[str, ...]:
    """Ways to write the name of a town, capitals alone."""
    first, _, rest = name.upper().partition(" ")
    ways = [name.upper(), f"{SHORT[first]} {rest}"] if first in SHORT and rest else [name.upper()]
    return tuple("".join(letter for letter in way if letter in LETTERS) for way in ways)


def _spelled_state(letters: str) -> tuple[str, ...]:
    return (letters, STATES[letters].upper().replace(" ", "")) if letters in STATES else (letters,)
