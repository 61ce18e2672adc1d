"""Exact bounds on a rate that was observed on a sample, and the threshold that keeps a promise.

Plain numbers in, plain numbers out; nothing here knows about pictures.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

CERTAINTY = 0.95
"""Certainty of every interval and promise unless told otherwise, probability."""

TESTS = 6
"""Thresholds looked at in one search. Each more allows twice as fine a choice, and asks for a larger sample."""

MOST_TERMS = 100_000
"""Terms of the continued fraction: about the square root of the sample is needed."""


def beta_cdf(x: float, a: float, b: float) -> float:
    """Regularized incomplete beta function I_x(a, b), for a, b > 0.

    By the continued fraction of DLMF 8.17.22, evaluated with Lentz's method (Press et al., Numerical Recipes, 6.4).
    """
    if x <= 0.0 or x >= 1.0:
        return 0.0 if x <= 0.0 else 1.0
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    if x < (a + 1.0) / (a + b + 2.0):
        return math.exp(log_front) * _continued_fraction(x, a, b) / a
    return 1.0 - math.exp(log_front) * _continued_fraction(1.0 - x, b, a) / b


def _continued_fraction(x: float, a: float, b: float) -> float:
    tiny = 1e-300
    c, d = 1.0, 1.0 / _away_from_zero(1.0 - (a + b) * x / (a + 1.0), tiny)
    value = d
    for m in range(1, MOST_TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1.0 / _away_from_zero(1.0 + term * d, tiny)
            c = _away_from_zero(1.0 + term / c, tiny)
            value *= c * d
        if abs(c * d - 1.0) < 1e-15:
            return value
    raise ArithmeticError(f"I_{x}({a}, {b}) did not converge")


def _away_from_zero(value: float, tiny: float) -> float:
    return value if abs(value) > tiny else tiny


def at_most(k: int, n: int, p: float) -> float:
    """Probability of k or fewer hits in n independent trials that hit with probability p."""
    return 1.0 if k >= n else beta_cdf(1.0 - p, n - k, k + 1)


def upper_bound(hits: int, n: int, certainty: float = CERTAINTY) -> float:
    """One-sided bound of Clopper and Pearson (1934): the rate behind `hits` of `n` is no higher, with `certainty`."""
    return 1.0 if hits >= n else _root(lambda p: at_most(hits, n, p) - (1.0 - certainty))


def interval(hits: int, n: int, certainty: float = CERTAINTY) -> tuple[float, float]:
    """Two-sided interval of Clopper and Pearson (1934) for the rate behind `hits` of `n`; (0, 1) for n = 0."""
    one_sided = (1.0 + certainty) / 2.0
    return 1.0 - upper_bound(n - hits, n, one_sided), upper_bound(hits, n, one_sided)


def _root(falling: Callable[[float], float]) -> float:
    """Where a falling function of [0, 1] crosses zero, to the last bit that bisection gives."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2.0
        low, high = (middle, high) if falling(middle) > 0.0 else (low, middle)
    return high


@dataclass(frozen=True, slots=True)
class Threshold:
    """A confidence from which on codes are accepted, and what was seen there."""

    accept: float  # least confidence that is accepted
    accepted: int  # codes of the sample at or above it
    wrong: int  # of these
    bound: float  # upper bound of the error among accepted codes, with the certainty asked for


@dataclass(frozen=True, slots=True)
class Shortage:
    """Why no threshold keeps the promise."""

    needed: int  # codes that must be accepted, with `wrong` of them wrong, to promise it
    accepted: int  # codes that were, where the fewest were lacking; all codes of a sample too small for any threshold
    wrong: int  # of these


def least_threshold(
    confidences: Sequence[float], right: Sequence[bool], max_error: float, certainty: float = CERTAINTY
) -> Threshold | Shortage:
    """The least threshold whose error among accepted codes is at most `max_error`, with `certainty`.

    "Selection with guaranteed risk" (Geifman and El-Yaniv, Selective classification for deep neural networks, 2017,
    algorithm 1): a binary search over thresholds, each tested by the bound of Clopper and Pearson at a share 1/TESTS
    of the uncertainty, so that all tests hold together. Two changes: thresholds that accept too few codes to pass
    even with none wrong are left out, because the search would take their failure for too many mistakes; and the
    others are thinned, by their confidences alone, to the number that TESTS tests can search.

    The promise is for codes drawn like the sample, and takes it that the error falls as the threshold rises.

    Args:
        confidences: (n,) of the codes that may be accepted, probabilities.
        right: (n,) whether each is right.
        max_error: highest error among accepted codes, between 0 and 1.
        certainty: probability that the promise holds, between 0 and 1.
    """
    doubt = (1.0 - certainty) / TESTS
    least = codes_needed(0, max_error, doubt)
    levels = [level for level in _levels(confidences, right) if level.accepted >= least]
    if not levels:
        return Shortage(least, len(confidences), 0)
    candidates = _thinned(levels, 2**TESTS - 1)
    low, high = 0, len(candidates) - 1
    best: Threshold | None = None
    while low <= high:
        middle = (low + high) // 2
        tried = candidates[middle]
        if at_most(tried.wrong, tried.accepted, max_error) <= doubt:
            best, low = tried, middle + 1
        else:
            high = middle - 1
    if best is None:
        return min((_shortage(level, max_error, doubt) for level in candidates), key=lambda s: s.needed - s.accepted)
    return Threshold(best.accept, best.accepted, best.wrong, upper_bound(best.wrong, best.accepted, 1.0 - doubt))


def codes_needed(wrong: int, max_error: float, doubt: float) -> int:
    """How many accepted codes, `wrong` of them wrong, show an error of at most `max_error` but for `doubt`."""
    if wrong == 0:
        return math.ceil(math.log(doubt) / math.log1p(-max_error))
    low, high = wrong, 2 * (wrong + 1)
    while at_most(wrong, high, max_error) > doubt:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if at_most(wrong, middle, max_error) > doubt else (low, middle)
    return high


def _levels(confidences: Sequence[float], right: Sequence[bool]) -> list[Threshold]:
    """Every threshold the sample knows, highest first; codes of equal confidence stand or fall together."""
    levels: list[Threshold] = []
    accepted = wrong = 0
    for confidence, good in sorted(zip(confidences, right, strict=True), key=lambda pair: -pair[0]):
        accepted, wrong = accepted + 1, wrong + (not good)
        if levels and levels[-1].accept == confidence:
            levels.pop()
        levels.append(Threshold(confidence, accepted, wrong, 1.0))
    return levels


def _thinned(levels: Sequence[Threshold], most: int) -> list[Threshold]:
    """At most `most` of the levels, evenly spread, the last one among them."""
    count = min(most, len(levels))
    return [levels[(index + 1) * len(levels) // count - 1] for index in range(count)]


def _shortage(level: Threshold, max_error: float, doubt: float) -> Shortage:
    return Shortage(codes_needed(level.wrong, max_error, doubt), level.accepted, level.wrong)
