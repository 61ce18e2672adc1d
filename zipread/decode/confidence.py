"""From a path's features to the probability that the whole code is right."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

FEATURES = ("posterior", "doubt", "geometry", "skipped", "columns_doubt", "columns_posterior")
"""What the confidence is computed from, in this order.

The posterior of the code among all guesses, log-odds; the root of the negative log probability of its digits; the
costs of its shapes and of what was left out; the root of the negative log probability that the second reader gives it;
and its posterior by the second reader alone, log-odds.
"""

MOST_ODDS = 9.0
"""Log-odds beyond which a posterior says no more."""

MOST_COST = 12.0

NO_COLUMNS = (2.0, 0.0)
"""The last two features where the second reader has nothing to say."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Logistic regression from features to P(whole code right), fitted on strings that trained nothing."""

    weights: tuple[float, ...]  # one for each of FEATURES
    bias: float

    @classmethod
    def from_manifest(cls, manifest: dict[str, Any]) -> Calibration:
        """The calibration a model ships with; an uncalibrated model gets its plain posterior and its doubt."""
        record = manifest.get("calibration")
        if record is None:
            return cls((0.5, -1.5, *(0.0,) * (len(FEATURES) - 2)), 1.5)
        weights = dict(zip(record["features"], record["weights"], strict=True))
        by_feature = tuple(float(weights.get(name, 0.0)) for name in FEATURES)
        return cls(by_feature, float(record["bias"]))

    def confidence(self, features: tuple[float, ...]) -> float:
        """Probability that the whole code is right."""
        value = self.bias + float(np.dot(self.weights, features))
        return probability(value)


def probability(odds: float) -> float:
    """The probability of log-odds, which count up to 30 either way."""
    return 1.0 / (1.0 + math.exp(-min(max(odds, -30.0), 30.0)))


def log_odds(share: float) -> float:
    """Log-odds of a probability, kept finite."""
    bounded = min(max(share, 1e-6), 1 - 1e-6)
    return math.log(bounded / (1 - bounded))


def capped_log_odds(share: float) -> float:
    """Log-odds, within MOST_ODDS either way: the feature of a posterior."""
    return min(max(log_odds(share), -MOST_ODDS), MOST_ODDS)
