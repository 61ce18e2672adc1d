"""From scores to a code: the best path, what two readers say together, the directory's prior, the confidence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zipread.decode.columns import best_codes, code_scores
from zipread.decode.confidence import (
    COLUMNS_WEIGHT,
    FEATURES,
    MOST_COST,
    NO_COLUMNS,
    Calibration,
    capped_log_odds,
    log_odds,
    probability,
)
from zipread.decode.search import Path, search, spell
from zipread.records import Candidate, Kind, Lattice

__all__ = ["COLUMNS_WEIGHT", "FEATURES", "Calibration", "Decoded", "decode", "kind_of", "log_odds", "probability"]

NOT_IN_DIRECTORY = 2.0
"""Cost (negative log odds) of a code that the directory doesn't list."""

PLUS4_GAP = 0.3
"""Least distance between the fifth digit and a +4, in digit heights."""

PLUS4_EVIDENCE = 0.75
"""Least geometric mean of the probabilities of nine digits that are read as code and +4."""

PLUS4_CONFIDENCE = 0.90
"""Least probability of each of the four digits of a +4 that is reported."""


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


@dataclass(frozen=True, slots=True)
class _Guess:
    """A way to read the field, as both readers see it."""

    path: Path
    score: float  # of both together, log probability, not normalized


def decode(
    lattice: Lattice,
    scores: np.ndarray,
    digits: int,
    directory: np.ndarray | None,
    calibration: Calibration,
    columns: np.ndarray | None = None,
) -> Decoded | None:
    """Find the most probable code of exactly `digits` digits, or of 5+4 where `digits` is 5.

    Args:
        lattice: candidates of one field.
        scores: (n, 11) float32 probabilities, a row for each candidate.
        digits: length of the code.
        directory: (100000,) bool, which five-digit codes exist; None: no prior.
        calibration: turns features into a probability.
        columns: (t, 11) float32 probabilities of the second reader, or None.

    Returns:
        The best reading, or None where the field has no path of that many digits.
    """
    paths = _paths(lattice, scores, digits)
    if not paths:
        return None
    guesses, rivals = _both(lattice, scores, paths, columns, calibration.columns_weight)
    seen = _posterior(guesses, digits, None)
    believed = _posterior(guesses, digits, directory)
    ranked = sorted(believed, key=lambda code: -believed[code])
    code = ranked[0]
    best = max((g for g in guesses if g.path.code[:digits] == code), key=lambda g: g.score)
    # The prior may choose between readings, but what the picture shows bounds what is claimed.
    features = _path_features(best.path, digits, min(seen[code], believed[code]))
    features += _column_features(rivals, best.path.code, digits) if rivals else NO_COLUMNS
    confidence = calibration.confidence(features)
    rest = max(1e-9, 1.0 - believed[code])
    alternatives = tuple(
        (other, min(seen[other], (1.0 - confidence) * believed[other] / rest)) for other in ranked[1:4]
    )
    chosen = [lattice.candidates[i] for i in best.path.candidates]
    kind = kind_of(chosen, lattice.height)
    plus4 = _plus4(best.path, digits)
    return Decoded(code, plus4, confidence, best.path.candidates, alternatives, kind, features)


def _paths(lattice: Lattice, scores: np.ndarray, digits: int) -> list[Path]:
    """The best paths of `digits` digits, or of nine where five and four stand apart."""
    by_length = search(lattice, scores, (5, 9) if digits == 5 and lattice.atoms >= 9 else (digits,))
    short = by_length[digits]
    long = [path for path in by_length.get(9, []) if _is_plus4(path, lattice)] if digits == 5 else []
    return long if long and (not short or long[0].score > short[0].score) else short


def _both(
    lattice: Lattice, scores: np.ndarray, paths: list[Path], columns: np.ndarray | None, weight: float
) -> tuple[list[_Guess], dict[str, float]]:
    """What either reader proposes, scored by both; and the second reader's log probability of all it was asked."""
    by_code: dict[str, Path] = {}
    for path in paths:
        by_code.setdefault(path.code, path)  # paths come best first
    proposed = [] if columns is None else best_codes(columns, len(paths[0].digits))
    if columns is None or not proposed:
        return [_Guess(path, path.score) for path in by_code.values()], {}
    spelled = None if proposed[0] in by_code else spell(lattice, scores, proposed[0])
    if spelled is not None:
        by_code[proposed[0]] = spelled
    codes = list(dict.fromkeys((*proposed, *by_code)))
    rivals = dict(zip(codes, code_scores(columns, codes).tolist(), strict=True))
    return [_Guess(path, path.score + weight * rivals[code]) for code, path in by_code.items()], rivals


def _is_plus4(path: Path, lattice: Lattice) -> bool:
    """Whether five digits and four stand apart, by a dash or by white space, and all nine look like digits."""
    before, after = (lattice.candidates[path.candidates[i]].box for i in (4, 5))
    apart = (after.x - before.right) / lattice.height >= PLUS4_GAP
    return apart and float(np.mean(path.evidence)) > np.log(PLUS4_EVIDENCE)


def _plus4(path: Path, digits: int) -> str:
    if len(path.digits) == digits or min(path.evidence[digits:]) <= np.log(PLUS4_CONFIDENCE):
        return ""
    return path.code[digits:]


def _posterior(guesses: Sequence[_Guess], digits: int, directory: np.ndarray | None) -> dict[str, float]:
    """Probability of each code among the guesses, the directory's prior applied."""
    top = max(guess.score for guess in guesses)
    mass: dict[str, float] = {}
    for guess in guesses:
        code = guess.path.code[:digits]
        prior = 1.0
        if directory is not None and digits == 5 and not directory[int(code)]:
            prior = float(np.exp(-NOT_IN_DIRECTORY))
        mass[code] = mass.get(code, 0.0) + prior * float(np.exp(guess.score - top))
    total = sum(mass.values())
    return {code: value / total for code, value in mass.items()}


def _path_features(path: Path, digits: int, posterior: float) -> tuple[float, ...]:
    doubt = math.sqrt(-sum(path.evidence[:digits]))
    return capped_log_odds(posterior), doubt, min(path.geometry, MOST_COST), min(path.skipped, MOST_COST)


def _column_features(rivals: dict[str, float], code: str, digits: int) -> tuple[float, ...]:
    """How sure the second reader is of a code's first digits, alone and among rivals.

    A doubtful +4 must not count: whatever it is read as, the five before it are the same, and share the doubt of nine.
    """
    logs = np.array(list(rivals.values()))
    same = np.array([rival[:digits] == code[:digits] for rival in rivals])
    best = float(logs[same].max())
    share = float(np.exp(logs[same] - logs.max()).sum() / np.exp(logs - logs.max()).sum())
    return math.sqrt(-min(0.0, best) * digits / len(code)), capped_log_odds(share)


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
