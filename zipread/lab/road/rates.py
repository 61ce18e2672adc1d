"""Rates with what they are worth: right answers of so many, and an interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.stats import binomtest

CONFIDENCE = 0.95
"""Probability with which an interval holds the true rate."""

Verdict = Literal["accepted", "rejected", "undecided"]


@dataclass(frozen=True, slots=True)
class Rate:
    """Right answers of `n`, with the Wilson score interval (Wilson 1927) of the rate they were drawn from."""

    right: int
    n: int

    @classmethod
    def of(cls, right: np.ndarray) -> Rate:
        """Count (n,) bool answers."""
        return cls(int(np.count_nonzero(right)), len(right))

    @property
    def share(self) -> float:
        """Right answers as a share of all."""
        return self.right / self.n

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper end."""
        ends = binomtest(self.right, self.n).proportion_ci(CONFIDENCE, method="wilson")
        return float(ends.low), float(ends.high)

    def verdict(self, claim: float) -> Verdict:
        """Whether the true rate is at least `claim`: accepted or rejected only where the whole interval agrees."""
        low, high = self.interval
        if low >= claim:
            return "accepted"
        return "rejected" if high < claim else "undecided"

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.share:.4f} ({low:.4f} to {high:.4f}, n = {self.n:,})"
