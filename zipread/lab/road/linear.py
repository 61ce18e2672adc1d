"""A linear classifier: one weight a pixel and class."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import log_loss

from zipread.lab.road import plots
from zipread.lab.road.data import Mnist, Samples
from zipread.lab.road.files import write_csv
from zipread.lab.road.networks import Period, Progress
from zipread.lab.road.rates import Rate

LEARNING_RATE = 0.01
ROWS_A_STEP = 1_000
"""Digits between two reports of progress."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A classifier after its training."""

    estimator: Any
    periods: list[Period]
    test: Rate
    answers: np.ndarray  # (n,) for MNIST's test digits


def train(data: Mnist, periods: int, seed: int, progress: Progress) -> Outcome:
    """Stochastic gradient descent on the log loss, ten classifiers of one digit against the rest.

    A period is one round over the digits that train; after each the log loss is measured on them and on the
    validation's.
    """
    # A constant rate shows a curve that falls and settles; scikit-learn's default begins with leaps.
    estimator = SGDClassifier(
        loss="log_loss", alpha=1e-4, learning_rate="constant", eta0=LEARNING_RATE, random_state=seed
    )
    rng = np.random.default_rng(seed)
    rows, y = data.train.rows, data.train.y
    curve = []
    for period in range(1, periods + 1):
        order = rng.permutation(len(y))
        for first in range(0, len(y), ROWS_A_STEP):
            part = order[first : first + ROWS_A_STEP]
            estimator.partial_fit(rows[part], y[part], classes=np.arange(10))
        curve.append(Period(period, *_measure(estimator, data.train), *_measure(estimator, data.validation)))
        progress("training the linear classifier", period, periods)
    answers = estimator.predict(data.test.rows)
    return Outcome(estimator, curve, Rate.of(answers == data.test.y), answers)


def _measure(estimator: Any, samples: Samples) -> tuple[float, float]:
    """Log loss and accuracy."""
    rows = samples.rows
    return (
        float(log_loss(samples.y, estimator.predict_proba(rows), labels=np.arange(10))),
        float(estimator.score(rows, samples.y)),
    )


def run(data: Mnist, periods: int, seed: int, out: Path, progress: Progress) -> Outcome:
    """Train; linear.csv, linear.png, linear-confusion.png and the weights of each class in `out`."""
    outcome = train(data, periods, seed, progress)
    write_csv(out / "linear.csv", outcome.periods)
    plots.curves(out / "linear.png", outcome.periods, f"linear classifier, {len(data.train.y):,} digits", "period")
    title = f"linear: {outcome.test.right:,} of {outcome.test.n:,} right"
    plots.confusion(out / "linear-confusion.png", data.test.y, outcome.answers, title)
    weights = list(outcome.estimator.coef_.reshape(10, 28, 28))
    plots.pictures(out / "linear-weights.png", weights, list("0123456789"), columns=10, signed=True)
    return outcome
