"""From scores to a code: the best path through the lattice, the directory's prior, the calibrated confidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import numpy as np

from zipread.records import Candidate, Kind, Lattice

BEAM = 10
"""Paths kept for each node and each number of digits."""

DIGITS_PER_EDGE = 3
"""Best guesses of one candidate that are followed."""

NEGLIGIBLE = 6.0
"""A guess this far below the candidate's best, log probability, is not followed."""

FLOOR = 1e-5
"""Least probability of a digit on a path: one wild score must not hide how the others stand."""

NOT_IN_DIRECTORY = 2.0
"""Cost (negative log odds) of a code that the directory doesn't list."""

HEIGHT_SPREAD = 0.28
"""Standard deviation of the logarithm of a digit's height within one hand."""

GAP_COST = 6.0
"""Cost of white space inside a digit, for each digit height of it."""

PLUS4_GAP = 0.3
"""Least distance between the fifth digit and a +4, in digit heights."""

PLUS4_EVIDENCE = 0.75
"""Least geometric mean of the probabilities of nine digits that are read as code and +4."""

PLUS4_CONFIDENCE = 0.90
"""Least probability of each of the four digits of a +4 that is reported."""

FEATURES = ("posterior", "evidence", "weakest", "geometry", "skipped", "spread")
"""What the confidence is computed from, in this order; see `_features`."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Logistic regression from path features to P(whole code right), fitted on strings that trained nothing."""

    weights: tuple[float, ...]  # one for each of FEATURES
    bias: float

    @classmethod
    def from_manifest(cls, manifest: dict[str, Any]) -> Calibration:
        """The calibration a model ships with; an uncalibrated model gets its plain posterior times its evidence."""
        record = manifest.get("calibration")
        if record is None:
            return cls((0.5, 1.0, 0.0, 0.0, 0.0, 0.0), 1.0)
        return cls(tuple(record["weights"]), float(record["bias"]))


@dataclass(frozen=True, slots=True)
class Path:
    """One way to read the lattice."""

    score: float  # log probability, not normalized
    digits: tuple[int, ...]
    candidates: tuple[int, ...]  # indices into Lattice.candidates
    evidence: tuple[float, ...]  # log probability of each digit
    geometry: float  # cost
    skipped: float  # cost


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a lattice says."""

    code: str
    plus4: str
    confidence: float
    candidates: tuple[int, ...]  # indices into Lattice.candidates, one a digit of code and plus4
    alternatives: tuple[tuple[str, float], ...]
    kind: Kind
    features: tuple[float, ...]  # as FEATURES


def decode(
    lattice: Lattice, scores: np.ndarray, digits: int, directory: np.ndarray | None, calibration: Calibration
) -> Decoded | None:
    """Find the most probable code of exactly `digits` digits, or of 5+4 where `digits` is 5.

    Args:
        lattice: candidates of one field.
        scores: (n, 11) float32 probabilities, a row for each candidate.
        digits: length of the code.
        directory: (100000,) bool, which five-digit codes exist; None: no prior.
        calibration: turns a path's features into a probability.

    Returns:
        The best reading, or None where the field has no path of that many digits.
    """
    wanted = (5, 9) if digits == 5 and lattice.atoms >= 9 else (digits,)
    by_length = _search(lattice, scores, max(wanted))
    ends = {length: by_length[length] for length in wanted if by_length[length]}
    if not ends:
        return None
    long = [path for path in ends.get(9, []) if _is_plus4(path, lattice)] if digits == 5 else []
    short = ends.get(digits, [])
    paths = long if long and (not short or long[0].score > short[0].score) else short
    if not paths:
        return None
    seen = _posterior(paths, digits, None)
    believed = _posterior(paths, digits, directory)
    ranked = sorted(believed, key=lambda code: -believed[code])
    code = ranked[0]
    best = next(path for path in paths if _code(path, digits) == code)
    # The prior may choose between readings, but what the picture shows bounds what is claimed.
    features = _features(lattice, best, digits, min(seen[code], believed[code]))
    confidence = _logistic(calibration, features)
    rest = max(1e-9, 1.0 - believed[code])
    alternatives = tuple(
        (other, min(seen[other], (1.0 - confidence) * believed[other] / rest)) for other in ranked[1:4]
    )
    chosen = [lattice.candidates[i] for i in best.candidates]
    plus4 = ""
    if len(best.digits) > digits and min(best.evidence[digits:]) > np.log(PLUS4_CONFIDENCE):
        plus4 = "".join(map(str, best.digits[digits:]))
    return Decoded(code, plus4, confidence, best.candidates, alternatives, kind_of(chosen, lattice.height), features)


def _code(path: Path, digits: int) -> str:
    return "".join(map(str, path.digits[:digits]))


_Step = tuple[float, Any, int, int]
"""A partial path: score, the partial path before it or None, candidate (or -1 for an atom skipped), digit."""


def _search(lattice: Lattice, scores: np.ndarray, longest: int) -> list[list[Path]]:
    """Best paths through the whole lattice for every number of digits up to `longest` (k-best Viterbi)."""
    logs = np.log(np.clip(scores[:, :10], FLOOR, 1.0))
    geometry = [_geometry(candidate, lattice) for candidate in lattice.candidates]
    edges: list[list[tuple[int, int, int, float]]] = [[] for _ in range(lattice.atoms)]
    for index, candidate in enumerate(lattice.candidates):
        best_first = np.argsort(-logs[index])[:DIGITS_PER_EDGE]
        for digit in best_first:
            if logs[index, digit] >= logs[index, best_first[0]] - NEGLIGIBLE:
                gain = float(logs[index, digit]) - geometry[index] - _cut_cost(lattice, candidate.stop)
                edges[candidate.start].append((candidate.stop, index, int(digit), gain))
    nodes: list[list[list[_Step]]] = [[[] for _ in range(longest + 1)] for _ in range(lattice.atoms + 1)]
    nodes[0][0].append((0.0, None, -1, -1))
    for node, leaving in enumerate(edges):
        skip = lattice.skip_costs[node] + _cut_cost(lattice, node + 1)
        for count, arrived in enumerate(nodes[node]):
            here = sorted(arrived, key=itemgetter(0), reverse=True)[:BEAM]
            nodes[node + 1][count] += [(step[0] - skip, step, -1, node) for step in here]
            if count < longest:
                for stop, index, digit, gain in leaving:
                    nodes[stop][count + 1] += [(step[0] + gain, step, index, digit) for step in here]
    ends = [sorted(steps, key=itemgetter(0), reverse=True)[:BEAM] for steps in nodes[lattice.atoms]]
    return [[_path(step, lattice, logs, geometry) for step in steps] for steps in ends]


def _path(last: _Step, lattice: Lattice, logs: np.ndarray, geometry: Sequence[float]) -> Path:
    """Follow a path back to its beginning."""
    digits: list[int] = []
    candidates: list[int] = []
    skipped = 0.0
    score, step = last[0], last
    while step[1] is not None:
        _, before, index, digit = step
        if index < 0:
            skipped += lattice.skip_costs[digit]
        else:
            digits.append(digit)
            candidates.append(index)
        step = before
    digits.reverse()
    candidates.reverse()
    evidence = tuple(float(logs[index, digit]) for index, digit in zip(candidates, digits, strict=True))
    cost = sum(geometry[index] for index in candidates)
    return Path(score, tuple(digits), tuple(candidates), evidence, cost, skipped)


def _geometry(candidate: Candidate, lattice: Lattice) -> float:
    """Cost of a candidate's shape: a height unlike its neighbours', white space inside."""
    ratio = np.log(candidate.box.height / lattice.height) / HEIGHT_SPREAD
    cost = 0.5 * min(float(ratio**2), 16.0)
    if lattice.gaps:
        inside = lattice.gaps[candidate.start : candidate.stop - 1]
        cost += GAP_COST * sum(max(0.0, gap - 0.05) for gap in inside)
    return cost


def _cut_cost(lattice: Lattice, node: int) -> float:
    """Cost of a boundary at a node: nothing where the ink ends by itself."""
    return lattice.cuts[node - 1] if lattice.cuts and node < lattice.atoms else 0.0


def _is_plus4(path: Path, lattice: Lattice) -> bool:
    """Whether five digits and four stand apart, by a dash or by white space, and all nine look like digits."""
    before, after = (lattice.candidates[path.candidates[i]].box for i in (4, 5))
    apart = (after.x - before.right) / lattice.height >= PLUS4_GAP
    return apart and float(np.mean(path.evidence)) > np.log(PLUS4_EVIDENCE)


def _posterior(paths: Sequence[Path], digits: int, directory: np.ndarray | None) -> dict[str, float]:
    """Probability of each code among the paths found, the directory's prior applied."""
    top = paths[0].score
    mass: dict[str, float] = {}
    for path in paths:
        code = _code(path, digits)
        prior = 1.0
        if directory is not None and digits == 5 and not directory[int(code)]:
            prior = float(np.exp(-NOT_IN_DIRECTORY))
        mass[code] = mass.get(code, 0.0) + prior * float(np.exp(path.score - top))
    total = sum(mass.values())
    return {code: value / total for code, value in mass.items()}


def _features(lattice: Lattice, path: Path, digits: int, posterior: float) -> tuple[float, ...]:
    evidence = np.array(path.evidence[:digits])
    heights = np.array([lattice.candidates[i].box.height for i in path.candidates[:digits]], np.float64)
    odds = float(np.log(np.clip(posterior, 1e-4, 1 - 1e-6) / (1 - np.clip(posterior, 1e-4, 1 - 1e-6))))
    return (
        odds,
        float(evidence.sum()),
        float(evidence.min()),
        min(path.geometry, 12.0),
        min(path.skipped, 12.0),
        float(np.std(np.log(heights))),
    )


def _logistic(calibration: Calibration, features: Sequence[float]) -> float:
    value = calibration.bias + float(np.dot(calibration.weights, features))
    return float(1.0 / (1.0 + np.exp(-np.clip(value, -30.0, 30.0))))


PRINTED_SPREAD = 0.035
HANDWRITTEN_SPREAD = 0.07
"""Spread of tops and bottoms, in digit heights, below which digits are print and above which they are handwriting."""


def kind_of(candidates: Sequence[Candidate], height: float) -> Kind:
    """Tell print from handwriting by how exactly the digits stand on one line and end on another."""
    if len(candidates) < 2:
        return "unknown"
    tops = np.array([c.box.y for c in candidates], np.float64)
    bottoms = np.array([c.box.bottom for c in candidates], np.float64)
    at = np.arange(len(candidates))
    # Skew left over is no sign of a hand: spread is measured about a straight line.
    spreads = [float(np.std(edge - np.polyval(np.polyfit(at, edge, 1), at))) for edge in (tops, bottoms)]
    spread = (max(spreads) - 0.5) / max(1.0, height)  # half a pixel is what sampling costs
    if spread <= PRINTED_SPREAD:
        return "printed"
    return "handwritten" if spread >= HANDWRITTEN_SPREAD else "unknown"
