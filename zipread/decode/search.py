"""The best paths through a lattice of exactly so many digits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import numpy as np

from zipread.records import Candidate, Lattice

BEAM = 10
"""Paths kept for each node and each number of digits."""

DIGITS_PER_EDGE = 3
"""Best guesses of one candidate that are followed."""

NEGLIGIBLE = 6.0
"""A guess this far below the candidate's best, log probability, is not followed."""

HOPELESS = 12.0
"""Partial paths are dropped whose best end lies this far below the best path, log probability."""

FLOOR = 1e-5
"""Least probability of a digit on a path: one wild score must not hide how the others stand."""

HEIGHT_SPREAD = 0.28
"""Standard deviation of the logarithm of a digit's height within one hand."""

GAP_COST = 6.0
"""Cost of white space inside a digit, for each digit height of it."""


@dataclass(frozen=True, slots=True)
class Path:
    """One way to read the lattice."""

    score: float  # log probability, not normalized
    digits: tuple[int, ...]
    candidates: tuple[int, ...]  # indices into Lattice.candidates
    evidence: tuple[float, ...]  # log probability of each digit
    geometry: float  # cost
    skipped: float  # cost

    @property
    def code(self) -> str:
        """All digits, as text."""
        return "".join(map(str, self.digits))


_Step = tuple[float, Any, int, int]
"""A partial path: score, the partial path before it or None, candidate (or -1 for an atom skipped), digit."""


def search(lattice: Lattice, scores: np.ndarray, lengths: Sequence[int]) -> dict[int, list[Path]]:
    """Best paths through the whole lattice of each of some numbers of digits (k-best Viterbi), best first.

    `scores` are (n, 11) probabilities, a row for each candidate.
    """
    longest = max(lengths)
    logs = _logs(scores)
    geometry = [shape_cost(candidate, lattice) for candidate in lattice.candidates]
    edges: list[list[tuple[int, int, int, float]]] = [[] for _ in range(lattice.atoms)]
    best_first = np.argsort(-logs, axis=1)[:, :DIGITS_PER_EDGE]
    guesses = zip(best_first.tolist(), np.take_along_axis(logs, best_first, axis=1).tolist(), strict=True)
    for index, (candidate, (names, gains)) in enumerate(zip(lattice.candidates, guesses, strict=True)):
        cost = geometry[index] + boundary_cost(lattice, candidate.stop)
        for digit, gain in zip(names, gains, strict=True):
            if gain >= gains[0] - NEGLIGIBLE:
                edges[candidate.start].append((candidate.stop, index, digit, gain - cost))
    skips = [cost + boundary_cost(lattice, node + 1) for node, cost in enumerate(lattice.skip_costs)]
    hopeless = _hopeless(edges, skips, lengths)
    nodes: list[list[list[_Step]]] = [[[] for _ in range(longest + 1)] for _ in range(lattice.atoms + 1)]
    nodes[0][0].append((0.0, None, -1, -1))
    for node, (leaving, skip) in enumerate(zip(edges, skips, strict=True)):
        for count, arrived in enumerate(nodes[node]):
            worth = [step for step in arrived if step[0] >= hopeless[node][count]]
            here = sorted(worth, key=itemgetter(0), reverse=True)[:BEAM]
            nodes[node + 1][count] += [(step[0] - skip, step, -1, node) for step in here]
            if here and count < longest:
                for stop, index, digit, gain in leaving:
                    nodes[stop][count + 1] += [(step[0] + gain, step, index, digit) for step in here]
    ends = {n: sorted(nodes[lattice.atoms][n], key=itemgetter(0), reverse=True)[:BEAM] for n in lengths}
    return {n: [_path(step, lattice, logs, geometry) for step in steps] for n, steps in ends.items()}


def _hopeless(
    edges: Sequence[Sequence[tuple[int, int, int, float]]], skips: Sequence[float], lengths: Sequence[int]
) -> list[list[float]]:
    """For each node and number of digits so far, the score below which no path of any of the lengths is worth its end.

    The best end from each node is known from a pass backwards, as the heuristic of an A* search (Hart, Nilsson,
    Raphael 1968).
    """
    atoms, longest = len(edges), max(lengths)
    ahead = np.full((atoms + 1, longest + 1), -np.inf)  # of the best end with so many digits still to come
    ahead[atoms, 0] = 0.0
    for node in range(atoms - 1, -1, -1):
        ahead[node] = ahead[node + 1] - skips[node]
        for stop, _, _, gain in edges[node]:
            np.maximum(ahead[node, 1:], ahead[stop, :-1] + gain, out=ahead[node, 1:])
    least = np.full((atoms + 1, longest + 1), np.inf)
    for length in lengths:
        if np.isfinite(ahead[0, length]):
            to_come = ahead[:, length::-1]  # in the order of the digits so far
            np.minimum(least[:, : length + 1], ahead[0, length] - HOPELESS - to_come, out=least[:, : length + 1])
    rows: list[list[float]] = least.tolist()
    return rows


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


def spell(lattice: Lattice, scores: np.ndarray, code: str) -> Path | None:
    """The best path whose digits are those of `code`; None where the lattice has too few pieces."""
    logs = _logs(scores)
    geometry = [shape_cost(candidate, lattice) for candidate in lattice.candidates]
    names = [int(name) for name in code]
    length = len(names)
    leaving: list[list[int]] = [[] for _ in range(lattice.atoms)]
    for index, candidate in enumerate(lattice.candidates):
        leaving[candidate.start].append(index)
    score = np.full((lattice.atoms + 1, length + 1), -np.inf)
    score[0, 0] = 0.0
    came = np.full((lattice.atoms + 1, length + 1), -1)  # the candidate that ends here; -1: the atom before is skipped
    for node in range(lattice.atoms):
        skipped = score[node] - lattice.skip_costs[node] - boundary_cost(lattice, node + 1)
        _raise_to(score, came, node + 1, skipped, -1)
        for index in leaving[node]:
            stop = lattice.candidates[index].stop
            gain = logs[index, names] - geometry[index] - boundary_cost(lattice, stop)
            _raise_to(score, came, stop, np.concatenate(([-np.inf], score[node, :-1] + gain)), index)
    if not np.isfinite(score[-1, -1]):
        return None
    chosen: list[int] = []
    skips, node = 0.0, lattice.atoms
    while node > 0:
        index = int(came[node, length - len(chosen)])
        if index < 0:
            node -= 1
            skips += lattice.skip_costs[node]
        else:
            chosen.append(index)
            node = lattice.candidates[index].start
    chosen.reverse()
    evidence = tuple(float(logs[index, name]) for index, name in zip(chosen, names, strict=True))
    cost = sum(geometry[index] for index in chosen)
    return Path(float(score[-1, -1]), tuple(names), tuple(chosen), evidence, cost, skips)


def _raise_to(score: np.ndarray, came: np.ndarray, node: int, arriving: np.ndarray, index: int) -> None:
    """Keep what arrives at a node where it beats what is there, in place."""
    better = arriving > score[node]
    score[node, better] = arriving[better]
    came[node, better] = index


def _logs(scores: np.ndarray) -> np.ndarray:
    return np.log(np.clip(scores[:, :10], FLOOR, 1.0))


def shape_cost(candidate: Candidate, lattice: Lattice) -> float:
    """Cost of a candidate's shape: a height unlike its neighbours', white space inside."""
    ratio = math.log(candidate.box.height / lattice.height) / HEIGHT_SPREAD
    cost = 0.5 * min(ratio**2, 16.0)
    if lattice.gaps:
        inside = lattice.gaps[candidate.start : candidate.stop - 1]
        cost += GAP_COST * sum(max(0.0, gap - 0.05) for gap in inside)
    return cost


def boundary_cost(lattice: Lattice, node: int) -> float:
    """Cost of a boundary at a node: nothing where the ink ends by itself."""
    return lattice.cuts[node - 1] if lattice.cuts and 0 < node < lattice.atoms else 0.0
