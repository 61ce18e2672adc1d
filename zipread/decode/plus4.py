"""Whether nine digits are a code and its +4, or nine digits in a row."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from zipread.decode.columns import best_codes, code_scores, likeliest_digits
from zipread.decode.search import Path
from zipread.records import Lattice

PLUS4_STEP = 1.25
"""Least step from the fifth digit to a +4, in usual steps from digit to digit: the geometric mean of what the lattice
and the second reader see. On made fields whose fonts train, by writers that trained nothing, it tells 5 + 4 printed
digits from nine in a row in 98 of 100, handwritten ones in 87."""

PATH_EVIDENCE = 0.75
COLUMNS_EVIDENCE = 0.9
"""Least geometric mean of the probabilities that either reader gives the nine digits: one that sees them will do."""


def is_plus4(path: Path, lattice: Lattice, columns: Sequence[np.ndarray]) -> bool:
    """Whether five digits and four stand apart, by a dash or by white space, and all nine look like digits.

    Args:
        path: of nine digits through the lattice.
        lattice: candidates of one field.
        columns: (t, 11) float32 probabilities of the second reader, once for each way it saw the field.
    """
    steps, seen = [_step_of_boxes(path, lattice)], [math.exp(np.mean(path.evidence)) > PATH_EVIDENCE]
    if columns:
        digits = len(path.digits)
        middles = [middle for _, middle in likeliest_digits(columns[0])]
        if len(middles) == digits:
            between = np.diff(middles)
            steps.append(float(between[4] / np.median(np.delete(between, 4))))
        if best := best_codes(columns[0], digits)[:1]:
            seen.append(math.exp(code_scores(columns[0], best)[0] / digits) > COLUMNS_EVIDENCE)
    return any(seen) and math.prod(steps) ** (1.0 / len(steps)) >= PLUS4_STEP


def _step_of_boxes(path: Path, lattice: Lattice) -> float:
    """From the fifth digit to the sixth, in usual steps; 0 where the digits do not follow each other."""
    boxes = [lattice.candidates[index].box for index in path.candidates]
    steps = np.array([(b.x - a.x, b.right - a.right) for a, b in pairwise(boxes)])
    usual = float(np.median(np.delete(steps, 4, axis=0)))
    # A dash that clings to a digit moves one of its edges only.
    return max(0.0, float(steps[4].max()) / usual) if usual > 0 else 0.0
