"""Figures of an evaluation: pure functions from outcomes to rates, each with its n."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from zipread.evaluate.bounds import interval, upper_bound
from zipread.evaluate.outcomes import Outcome

REJECT_ERRORS = (0.001, 0.005, 0.01, 0.02)
"""Errors among accepted codes for which the reject table says how much can be accepted."""

BINS = 15
"""Bins of equal width for the calibration error (Guo et al., On calibration of modern neural networks, 2017)."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of n, with the interval of Clopper and Pearson at 95%."""

    hits: int
    n: int

    @property
    def value(self) -> float:
        """The share; NaN of nothing."""
        return self.hits / self.n if self.n else float("nan")

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper end; 0 and 1 of nothing."""
        return interval(self.hits, self.n)


@dataclass(frozen=True, slots=True)
class Count:
    """Verdicts and statuses of some labels."""

    n: int
    right: int
    wrong: int
    nothing: int
    failed: int
    accepted: int
    accepted_wrong: int

    @property
    def exact(self) -> Rate:
        """How many are right, of all."""
        return Rate(self.right, self.n)


def count(outcomes: Iterable[Outcome]) -> Count:
    """Count verdicts, and what was accepted by its status."""
    verdicts = [(outcome.verdict, outcome.reading.status == "accepted") for outcome in outcomes]
    of = [verdict for verdict, _ in verdicts].count
    accepted = [verdict for verdict, taken in verdicts if taken]
    return Count(
        n=len(verdicts),
        right=of("right"),
        wrong=of("wrong"),
        nothing=of("nothing"),
        failed=of("failed"),
        accepted=len(accepted),
        accepted_wrong=len(accepted) - accepted.count("right"),
    )


def by_group(outcomes: Sequence[Outcome]) -> dict[str, dict[str, Count]]:
    """Count apart for every value of every grouping column: column to value to count, values sorted."""
    groups: dict[str, dict[str, list[Outcome]]] = {}
    for outcome in outcomes:
        for column, value in outcome.label.groups:
            groups.setdefault(column, {}).setdefault(value, []).append(outcome)
    return {
        column: {value: count(members) for value, members in sorted(values.items())}
        for column, values in groups.items()
    }


def confusion(outcomes: Iterable[Outcome]) -> np.ndarray:
    """Digits of the truth against digits read, (10, 10) int64, over all codes that were given."""
    table = np.zeros((10, 10), np.int64)
    for outcome in outcomes:
        truth, code = outcome.label.code, outcome.reading.code
        if truth and len(code) == len(truth):
            for true, read in zip(truth, code, strict=True):
                table[int(true), int(read)] += 1
    return table


def plus4(outcomes: Iterable[Outcome]) -> Rate:
    """How many of the +4 that were given beside a right code are right, where the truth knows them."""
    given = [o for o in outcomes if o.label.plus4 and o.reading.plus4 and o.verdict == "right"]
    return Rate(sum(o.reading.plus4 == o.label.plus4 for o in given), len(given))


@dataclass(frozen=True, slots=True)
class Bin:
    """Codes of about the same confidence."""

    low: float
    high: float
    confidence: float  # mean
    right: Rate


def reliability(outcomes: Iterable[Outcome], bins: int = BINS) -> list[Bin]:
    """Sort the codes that were given into bins of equal width by confidence; empty bins are left out."""
    found: dict[int, list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.reading.code:
            found.setdefault(min(int(outcome.reading.confidence * bins), bins - 1), []).append(outcome)
    return [
        Bin(
            index / bins,
            (index + 1) / bins,
            float(np.mean([outcome.reading.confidence for outcome in members])),
            Rate(count(members).right, len(members)),
        )
        for index, members in sorted(found.items())
    ]


def calibration_error(bins: Sequence[Bin]) -> float:
    """Expected calibration error: mean distance of confidence and rate of right codes; NaN of nothing."""
    total = sum(part.right.n for part in bins)
    if not total:
        return float("nan")
    return sum(part.right.n * abs(part.confidence - part.right.value) for part in bins) / total


@dataclass(frozen=True, slots=True)
class Operating:
    """What a threshold on the confidence does to a sample."""

    accept: float  # least confidence that is accepted
    accepted: int
    wrong: int  # of the accepted
    n: int  # labels in all

    @property
    def read_rate(self) -> float:
        """Share of all labels that need no person."""
        return self.accepted / self.n

    @property
    def error(self) -> float:
        """Share of the accepted that is wrong."""
        return self.wrong / self.accepted

    @property
    def error_bound(self) -> float:
        """The error is no higher, with 95% certainty, had this threshold been chosen beforehand."""
        return upper_bound(self.wrong, self.accepted)


def operating_points(outcomes: Sequence[Outcome]) -> list[Operating]:
    """Every threshold the sample knows, highest first; codes of equal confidence stand or fall together."""
    codes = [(o.reading.confidence, o.verdict != "right") for o in outcomes if o.acceptable]
    points: list[Operating] = []
    accepted = wrong = 0
    for confidence, bad in sorted(codes, key=lambda code: -code[0]):
        accepted, wrong = accepted + 1, wrong + bad
        if points and points[-1].accept == confidence:
            points.pop()
        points.append(Operating(confidence, accepted, wrong, len(outcomes)))
    return points


def reject_table(
    points: Sequence[Operating], errors: Sequence[float] = REJECT_ERRORS
) -> list[tuple[float, Operating | None]]:
    """For each error the point that accepts most without exceeding it, or None where there is none.

    These thresholds are chosen on the sample they are judged by: they say what is possible, and promise nothing.
    """
    return [
        (error, max((p for p in points if p.error <= error), key=lambda p: p.accepted, default=None))
        for error in errors
    ]
