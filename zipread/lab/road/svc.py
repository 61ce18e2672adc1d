"""Support vector classification, and what an accuracy on few digits is worth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.metrics import classification_report
from sklearn.model_selection import train_test_split
from sklearn.svm import SVC

from zipread.lab.road import plots
from zipread.lab.road.data import Samples
from zipread.lab.road.files import write_csv, write_json
from zipread.lab.road.networks import Progress
from zipread.lab.road.rates import Rate, Verdict

GAMMA, C = 0.001, 100.0
TEST_SHARES = (0.01, 0.25, 0.5)
CLAIM = 0.95
"""The hypothesis: right at least this often."""


@dataclass(frozen=True, slots=True)
class Case:
    """One way to split, and what came of it."""

    test_share: float
    trained_on: int
    n: int
    right: int
    accuracy: float
    low: float
    high: float
    verdict: Verdict  # on the claim


def run(
    samples: Samples, shares: tuple[float, ...], shuffle: bool, seed: int, out: Path, progress: Progress
) -> list[tuple[Case, str]]:
    """Train and test for each share; svc.csv, and heatmap and report as svc-PERCENT.png and .json in `out`;
    without shuffling, their names end in -in-order.

    Args:
        samples: what is split.
        shares: shares of the digits that test, 0 to 1.
        shuffle: split at random; else the last digits test, of which few writers have trained.
        seed: of the random split.
        out: folder of the files.
        progress: called after each case.

    Returns:
        Each case with scikit-learn's classification report.
    """
    rows = samples.x.reshape(len(samples.y), -1).astype(np.float64)
    cases = []
    for share in shares:
        x_train, x_test, y_train, y_test = train_test_split(
            rows, samples.y, test_size=share, shuffle=shuffle, random_state=seed if shuffle else None
        )
        answers = SVC(gamma=GAMMA, C=C).fit(x_train, y_train).predict(x_test)
        rate = Rate.of(answers == y_test)
        case = Case(share, len(y_train), rate.n, rate.right, rate.share, *rate.interval, rate.verdict(CLAIM))
        stem = f"svc-{share * 100:g}" if shuffle else f"svc-{share * 100:g}-in-order"
        plots.confusion(out / f"{stem}.png", y_test, answers, f"SVC, {share:.0%} test: {rate.right} of {rate.n} right")
        measures = classification_report(y_test, answers, output_dict=True, zero_division=0)
        write_json(out / f"{stem}.json", measures)
        cases.append((case, classification_report(y_test, answers, digits=3, zero_division=0)))
        progress("support vectors", len(cases), len(shares))
    write_csv(out / ("svc.csv" if shuffle else "svc-in-order.csv"), [case for case, _ in cases])
    return cases
