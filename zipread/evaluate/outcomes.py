"""What came of reading one label: the reading beside the truth, and the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from zipread.evaluate.truth import Label
from zipread.records import Reading

Verdict = Literal["right", "wrong", "nothing", "failed"]
"""`wrong`: another code, or a code where there is none; `nothing`: no code where there is one; `failed`: no page."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Pictures of a wrong reading, for a person to see why."""

    field: bytes  # the field as scanned, JPEG
    digits: tuple[tuple[bytes, str], ...]  # each digit as classified, 28x28 PNG, and its two best guesses


@dataclass(frozen=True, slots=True)
class Outcome:
    """One label and its reading."""

    label: Label
    reading: Reading
    evidence: Evidence | None = None  # where the reading is wrong

    @property
    def verdict(self) -> Verdict:
        """Whether the code was read, whatever its status."""
        if self.reading.status == "error":
            return "failed"
        if self.reading.code == self.label.code:
            return "right"
        return "wrong" if self.reading.code else "nothing"

    @property
    def acceptable(self) -> bool:
        """Whether some threshold would accept it: a code that is for review for a reason of its own never is."""
        held_back = self.reading.status == "review" and bool(self.reading.message)
        return bool(self.reading.code) and not held_back


def pair(labels: Sequence[Label], readings: Sequence[Reading]) -> list[Outcome]:
    """Give every label of one picture the reading it is judged by.

    That is the reading of its page and field; for a label that names no field, the surest one that gives a code.
    A page or field that was not read at all gives an empty reading with a message.
    """
    lost = next((reading for reading in readings if all(other.status == "error" for other in readings)), None)
    outcomes = []
    for label in labels:
        missing = lost or Reading(page=label.page, field=label.field, message="no such page or field was read")
        fitting = [
            reading
            for reading in readings
            if reading.page == label.page and (label.field in ("", reading.field) or reading.status == "error")
        ]
        best = max(fitting, key=lambda reading: (bool(reading.code), reading.confidence), default=missing)
        outcomes.append(Outcome(label, best))
    return outcomes
