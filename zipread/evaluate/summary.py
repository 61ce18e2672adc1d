"""An evaluation in one record, as the terminal, the JSON file and the page show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zipread.evaluate import metrics
from zipread.evaluate.bounds import CERTAINTY
from zipread.evaluate.examine import mistakes
from zipread.evaluate.metrics import Bin, Count, Operating, Rate
from zipread.evaluate.outcomes import Outcome

INTERVAL_NAME = f"Clopper-Pearson {CERTAINTY:.0%}"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All figures of one evaluation."""

    source: str  # what was read, as given
    accept: float
    coded: Count  # labels with a code
    uncoded: Count  # labels without: there is nothing to read
    groups: dict[str, dict[str, Count]]
    digits: Rate  # of all digits of the codes that were given
    confusion: np.ndarray  # (10, 10), truth against read
    plus4: Rate
    bins: list[Bin]
    points: list[Operating]
    reject: list[tuple[float, Operating | None]]
    outcomes: tuple[Outcome, ...]
    notes: tuple[str, ...]

    @property
    def accepted(self) -> Rate:
        """Accepted codes that are wrong, of all accepted, over all labels."""
        return Rate(
            self.coded.accepted_wrong + self.uncoded.accepted_wrong, self.coded.accepted + self.uncoded.accepted
        )

    @property
    def chosen(self) -> Operating | None:
        """What was accepted in this run; None where nothing was."""
        if not self.accepted.n:
            return None
        return Operating(self.accept, self.accepted.n, self.accepted.hits, len(self.outcomes))

    @property
    def calibration_error(self) -> float:
        """Expected calibration error of the codes that were given; NaN where none was."""
        return metrics.calibration_error(self.bins)

    @property
    def mistakes(self) -> list[Outcome]:
        """Wrong readings, the most confident first."""
        return list(mistakes(self.outcomes))


def evaluation(outcomes: Sequence[Outcome], source: str, accept: float, notes: Sequence[str] = ()) -> Evaluation:
    """Compute every figure.

    Args:
        outcomes: one for each label.
        source: what was read, for the heading.
        accept: the threshold the run was made with, probability.
        notes: what was left out, one line each.
    """
    points = metrics.operating_points(outcomes)
    confusion = metrics.confusion(outcomes)
    return Evaluation(
        source=source,
        accept=accept,
        coded=metrics.count(outcome for outcome in outcomes if outcome.label.code),
        uncoded=metrics.count(outcome for outcome in outcomes if not outcome.label.code),
        groups=metrics.by_group([outcome for outcome in outcomes if outcome.label.code]),
        digits=Rate(int(np.trace(confusion)), int(confusion.sum())),
        confusion=confusion,
        plus4=metrics.plus4(outcomes),
        bins=metrics.reliability(outcomes),
        points=points,
        reject=metrics.reject_table(points),
        outcomes=tuple(outcomes),
        notes=tuple(notes),
    )


def as_json(shown: Evaluation, settings: dict[str, Any]) -> dict[str, Any]:
    """The evaluation as plain values, with one entry for every label."""
    return {
        "source": shown.source,
        "settings": settings,
        "interval": INTERVAL_NAME,
        "notes": list(shown.notes),
        "coded": _count(shown.coded),
        "uncoded": _count(shown.uncoded),
        "groups": {
            column: {value: _count(tally) for value, tally in values.items()} for column, values in shown.groups.items()
        },
        "digits": _rate(shown.digits),
        "confusion": shown.confusion.tolist(),
        "plus4": _rate(shown.plus4),
        "accepted": {"n": shown.accepted.n, "wrong": shown.accepted.hits, "interval": shown.accepted.interval},
        "expected_calibration_error": _number(shown.calibration_error),
        "reliability": [
            {"low": part.low, "high": part.high, "confidence": part.confidence, **_rate(part.right)}
            for part in shown.bins
        ],
        "reject": [{"max_error": error, **_point(point)} for error, point in shown.reject],
        "labels": [_outcome(outcome) for outcome in shown.outcomes],
    }


def _count(tally: Count) -> dict[str, Any]:
    names = ("n", "right", "wrong", "nothing", "failed", "accepted", "accepted_wrong")
    return {**{name: getattr(tally, name) for name in names}, "exact": _rate(tally.exact)}


def _rate(rate: Rate) -> dict[str, Any]:
    return {"right": rate.hits, "n": rate.n, "rate": _number(rate.value), "interval": rate.interval}


def _number(value: float) -> float | None:
    """JSON knows no NaN."""
    return None if np.isnan(value) else float(value)


def _point(point: Operating | None) -> dict[str, Any]:
    if point is None:
        return {"accept": None, "accepted": 0, "wrong": 0, "read_rate": 0.0}
    return {
        "accept": point.accept, "accepted": point.accepted, "wrong": point.wrong, "read_rate": point.read_rate,
    }  # fmt: skip


def _outcome(outcome: Outcome) -> dict[str, Any]:
    label, reading = outcome.label, outcome.reading
    return {
        "path": label.name,
        "page": label.page,
        "field": label.field,
        "truth": label.code,
        "truth_plus4": label.plus4,
        "code": reading.code,
        "plus4": reading.plus4,
        "confidence": reading.confidence,
        "status": reading.status,
        "verdict": outcome.verdict,
        "acceptable": outcome.acceptable,
        "message": reading.message,
    }
