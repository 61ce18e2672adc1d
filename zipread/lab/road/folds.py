"""Cross-validation of a row of settings, by scikit-learn."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import KFold, cross_val_score
from threadpoolctl import threadpool_limits

from zipread.lab.road.data import Samples
from zipread.lab.road.networks import Progress
from zipread.lab.road.rates import Rate


@dataclass(frozen=True, slots=True)
class Result:
    """One setting's accuracy over the folds."""

    setting: str
    accuracy: float  # mean of the folds
    low: float  # interval of all folds' answers together
    high: float
    n: int
    folds: tuple[float, ...]
    unfinished: int  # trainings stopped at their limit of rounds before they converged


def cross_validate(
    estimators: Mapping[str, Any], samples: Samples, folds: int, shuffle: bool, seed: int, progress: Progress
) -> list[Result]:
    """Cross-validate each estimator on the same folds.

    Args:
        estimators: by the name of their setting.
        samples: what is cut into folds.
        folds: how many.
        shuffle: whether digits are dealt to the folds at random. In their own order a fold holds writers that the
            others mostly lack, which is the harder question and the right one.
        seed: of the shuffling.
        progress: called after each setting.
    """
    cut = KFold(folds, shuffle=shuffle, random_state=seed if shuffle else None)
    rows = samples.x.reshape(len(samples.y), -1).astype(np.float64)
    sizes = [len(test) for _, test in cut.split(rows)]
    results = []
    for name, estimator in estimators.items():
        # Matrices this small gain nothing from several threads, and lose much where others are at work.
        with warnings.catch_warnings(record=True) as caught, threadpool_limits(1):
            warnings.simplefilter("always", ConvergenceWarning)
            scores = cross_val_score(estimator, rows, samples.y, cv=cut, error_score="raise")
        unfinished = sum(issubclass(warning.category, ConvergenceWarning) for warning in caught)
        rate = Rate(round(float(scores @ sizes)), sum(sizes))
        results.append(
            Result(name, float(scores.mean()), *rate.interval, rate.n, tuple(map(float, scores)), unfinished)
        )
        progress("cross-validating", len(results), len(estimators))
    return results
