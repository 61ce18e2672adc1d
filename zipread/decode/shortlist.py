"""Which candidates to score first: those that the second reader's digits single out."""

from __future__ import annotations

from collections.abc import Sequence

from zipread.decode.search import boundary_cost, shape_cost
from zipread.records import Candidate, Lattice

FOR_EACH_DIGIT = 2
"""Candidates scored first for each digit."""

OFFSET_COST = 6.0
"""Cost of each digit height between the middle of a candidate and where the second reader sees the digit."""


def shortlist(lattice: Lattice, middles: Sequence[float]) -> tuple[int, ...]:
    """The likeliest candidates for each digit that the second reader sees, by their shapes, cuts and places.

    Args:
        lattice: candidates of one field, not scored yet.
        middles: where the second reader sees digits, pixels of the field image, left to right.

    Returns:
        Indices into Lattice.candidates, ascending; empty where some digit has no candidate of its own.
    """
    own: list[list[tuple[float, int]]] = [[] for _ in middles]
    for index, candidate in enumerate(lattice.candidates):
        held = [at for at, middle in enumerate(middles) if candidate.box.x <= middle <= candidate.box.right]
        if len(held) == 1:
            own[held[0]].append((_cost(candidate, lattice, middles[held[0]]), index))
    if not all(own):
        return ()
    return tuple(sorted(index for costs in own for _, index in sorted(costs)[:FOR_EACH_DIGIT]))


def _cost(candidate: Candidate, lattice: Lattice, middle: float) -> float:
    offset = abs(candidate.box.x + candidate.box.width / 2 - middle) / lattice.height
    ends = boundary_cost(lattice, candidate.start) + boundary_cost(lattice, candidate.stop)
    return shape_cost(candidate, lattice) + ends + OFFSET_COST * offset
