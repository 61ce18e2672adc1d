"""From scores to a code: the best path, what two readers say together, the directory's prior, the confidence."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from zipread.decode.columns import best_codes, code_scores, likeliest_digits
from zipread.decode.confidence import (
    FEATURES,
    MOST_COST,
    NO_COLUMNS,
    Calibration,
    capped_log_odds,
    log_odds,
    probability,
)
from zipread.decode.plus4 import PLUS4_SHARE, PLUS4_STEP, are_nine, step_to_plus4
from zipread.decode.search import Path, search, spell
from zipread.decode.shortlist import shortlist
from zipread.records import Lattice

__all__ = [
    "FEATURES",
    "PLUS4_STEP",
    "UNRELATED",
    "Calibration",
    "Context",
    "Decoded",
    "Weighed",
    "decide",
    "likeliest_digits",
    "log_odds",
    "probability",
    "shortlist",
    "weigh",
]

UNLISTED = 0.01
"""Share of the codes people write that the directory doesn't list: new ones, and slips of the pen."""

LEAST_SHARE = 1e-5
"""Probability of a code in a look that doesn't propose it: one look must not rule out what others see."""


MOST_ASKED = 10
"""Codes that what stands around is asked for."""

NONE_OF_THEM, SAME_TOWN = 0.2, 0.25
"""Of misread codes: least share whose right code nobody proposed, and share that goes with the same words."""

UNRELATED = -8.0
"""Log likelihood of what stands around a code that has nothing to do with it."""

GOES_WITH = -3.0
"""Log likelihood from which what stands around a field goes with a code."""

Context = Callable[[Sequence[str]], Mapping[str, float]]
"""Says how well what stands around a field goes with codes, log likelihoods; nothing where it says nothing."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """What the looks at a field say."""

    code: str
    plus4: str
    confidence: float
    look: int  # the one of the looks that shows the code best
    candidates: tuple[int, ...]  # indices into that look's Lattice.candidates, one a digit of code and plus4
    alternatives: tuple[tuple[str, float], ...]
    features: tuple[float, ...]  # as FEATURES
    agreement: float | None = None  # log likelihood of what stands around it; None: it says nothing


@dataclass(frozen=True, slots=True)
class _Guess:
    """A way to read the field, as both readers see it."""

    path: Path
    score: float  # of both together, log probability, not normalized


@dataclass(frozen=True, slots=True)
class Weighed:
    """What one look at a field says of the codes that it may show."""

    lattice: Lattice
    guesses: tuple[_Guess, ...]
    rivals: dict[str, float]  # log probability by the second reader of every code it was asked for
    shares: dict[str, float]  # probability of each code of the guesses, without a +4


def weigh(
    lattice: Lattice,
    scores: np.ndarray,
    digits: int,
    columns: Sequence[np.ndarray] = (),
    plus4_step: float = PLUS4_STEP,
) -> Weighed | None:
    """Find the most probable codes of exactly `digits` digits, or of 5+4 where `digits` is 5, in one look at a field.

    Args:
        lattice: candidates of one field.
        scores: (n, 11) float32 probabilities, a row for each candidate.
        digits: length of the code.
        columns: (t, 11) float32 probabilities of the second reader, once for each way it saw the field.
        plus4_step: least step from the fifth of nine digits to the sixth, in usual steps; nearer, they are no code.

    Returns:
        The codes with what speaks for them, or None where the field has no path of that many digits.
    """
    paths = _paths(lattice, scores, digits, columns, plus4_step)
    if not paths:
        return None
    guesses, rivals = _both(lattice, scores, paths, columns)
    top = max(guess.score for guess in guesses)
    mass: dict[str, float] = {}
    for guess in guesses:
        code = guess.path.code[:digits]
        mass[code] = mass.get(code, 0.0) + math.exp(guess.score - top)
    return Weighed(lattice, guesses, rivals, _normalized(mass))


def decide(
    looks: Sequence[Weighed],
    digits: int,
    directory: np.ndarray | None,
    calibration: Calibration,
    context: Context | None = None,
) -> Decoded | None:
    """Decide on the code that all looks at a field together, and what stands around it, make most probable.

    Args:
        looks: what each look says.
        digits: length of the code.
        directory: (100000,) bool, which five-digit codes exist; None: no prior.
        calibration: turns features into a probability.
        context: says how well what stands around goes with codes; None: nothing is known of it.

    Returns:
        The reading, or None where there was no look.
    """
    if not looks:
        return None
    seen = _pooled([look.shares for look in looks])
    told = _listed_odds(seen, directory if digits == 5 else None)
    believed = _normalized({code: share * math.exp(told[code]) for code, share in seen.items()})
    ranked = sorted(believed, key=lambda code: -believed[code])
    first = ranked[0]
    look, _, path = _shown_best(looks, first, digits)
    # The prior may choose between readings, but what the picture shows bounds what is claimed.
    features = _path_features(path, digits, min(seen[first], believed[first]))
    features += _column_features(looks[look].rivals, path.code, digits) if looks[look].rivals else NO_COLUMNS
    confidence = probability(log_odds(calibration.confidence(features)) + told[first])
    # What makes the code less sure speaks against the others as well: it may be none of them.
    left = min(confidence / believed[first], (1.0 - confidence) / max(1e-9, 1.0 - believed[first]))
    shares = {first: confidence} | {other: min(seen[other], left * believed[other]) for other in ranked[1:]}
    said = _said_around(ranked[:MOST_ASKED], context) if context is not None else {}
    if said:
        shares = _in_context(shares, said)
    ranked = sorted(shares, key=lambda code: -shares[code])
    code = ranked[0]
    look, same, path = _shown_best(looks, code, digits)
    alternatives = tuple((other, shares[other]) for other in ranked[1:4])
    plus4 = _plus4(same, digits)
    return Decoded(code, plus4, shares[code], look, path.candidates, alternatives, features, said.get(code))


def _shown_best(looks: Sequence[Weighed], code: str, digits: int) -> tuple[int, list[_Guess], Path]:
    """The look that shows a code best, the guesses there that begin with it, and the path of the best of them."""
    at = max(range(len(looks)), key=lambda index: looks[index].shares.get(code, 0.0))
    same = [guess for guess in looks[at].guesses if guess.path.code[:digits] == code]
    return at, same, max(same, key=lambda guess: guess.score).path


def _said_around(codes: Sequence[str], context: Context) -> dict[str, float]:
    """What stands around a field says of codes; where it goes with none, of those one digit off the first as well."""
    said = dict(context(codes))
    if max(said.values(), default=UNRELATED) < GOES_WITH:
        said |= context(_one_digit_off(codes[0]))
    return said


def _one_digit_off(code: str) -> list[str]:
    return [
        code[:at] + digit + code[at + 1 :] for at in range(len(code)) for digit in "0123456789" if digit != code[at]
    ]


def _in_context(shares: dict[str, float], said: Mapping[str, float]) -> dict[str, float]:
    """Probabilities of codes with what stands around them: Bayes' rule, over these codes and all others.

    Args:
        shares: probabilities of codes, which need not add up to 1: it may be none of them.
        said: log likelihoods of what stands around, for the likeliest codes and for such as nobody proposed; 0 at most,
            UNRELATED for what has nothing to do with a code.
    """
    first = max(shares, key=lambda code: shares[code])
    none = max(1.0 - sum(shares.values()), NONE_OF_THEM * (1.0 - shares[first]))
    others = (1.0 - shares[first] - none) / max(1e-9, sum(shares.values()) - shares[first])
    prior = {code: share * (1.0 if code == first else others) for code, share in shares.items()}
    # A misread code may well be of the same town.
    by_chance = SAME_TOWN * math.exp(max(said.values())) + (1.0 - SAME_TOWN) * math.exp(UNRELATED)
    weighed = {code: share * math.exp(said.get(code, UNRELATED)) for code, share in prior.items()}
    whole = sum(weighed.values()) + none * by_chance
    return {code: value / whole for code, value in weighed.items()}


def _pooled(looks: Sequence[dict[str, float]]) -> dict[str, float]:
    """What several looks say together: the logarithmic opinion pool (Genest, Zidek, Statistical Science 1986)."""
    codes = dict.fromkeys(code for shares in looks for code in shares)
    together = {
        code: math.exp(sum(math.log(max(shares.get(code, 0.0), LEAST_SHARE)) for shares in looks) / len(looks))
        for code in codes
    }
    return _normalized(together)


def _listed_odds(codes: Iterable[str], directory: np.ndarray | None) -> dict[str, float]:
    """What the directory says for each code, log-odds: of misreadings as many are listed as of all numbers."""
    if directory is None:
        return dict.fromkeys(codes, 0.0)
    share = np.count_nonzero(directory) / directory.size
    listed, unlisted = math.log((1.0 - UNLISTED) / share), math.log(UNLISTED / (1.0 - share))
    return {code: listed if directory[int(code)] else unlisted for code in codes}


def _normalized(mass: dict[str, float]) -> dict[str, float]:
    total = sum(mass.values())
    return {code: value / total for code, value in mass.items()}


def _paths(
    lattice: Lattice, scores: np.ndarray, digits: int, columns: Sequence[np.ndarray], plus4_step: float
) -> list[Path]:
    """The best paths of `digits` digits, or of nine where five and four stand apart."""
    by_length = search(lattice, scores, (5, 9) if digits == 5 and lattice.atoms >= 9 else (digits,))
    short = by_length[digits]
    long = by_length.get(9, []) if digits == 5 else []
    if not long or not are_nine(long[0], short, columns):
        return short
    # Five digits torn out of nine are no code.
    return long if step_to_plus4(long[0], lattice, columns) >= plus4_step else []


def _both(
    lattice: Lattice, scores: np.ndarray, paths: list[Path], columns: Sequence[np.ndarray]
) -> tuple[tuple[_Guess, ...], dict[str, float]]:
    """What either reader proposes, scored by both; and the second reader's log probability of all it was asked."""
    by_code: dict[str, Path] = {}
    for path in paths:
        by_code.setdefault(path.code, path)  # paths come best first
    length = len(paths[0].digits)
    proposals = [(way, codes) for way in columns if (codes := best_codes(way, length))]
    if not proposals:
        return tuple(_Guess(path, path.score) for path in by_code.values()), {}
    for best in dict.fromkeys(codes[0] for _, codes in proposals):
        spelled = None if best in by_code else spell(lattice, scores, best)
        if spelled is not None:
            by_code[best] = spelled
    asked = list(dict.fromkeys((*(code for _, codes in proposals for code in codes), *by_code)))
    # The mean of the probabilities: one size at which a code is seen well is enough.
    scored = [code_scores(way, asked) for way, _ in proposals]
    pooled = np.logaddexp.reduce(scored, axis=0) - math.log(len(scored))
    rivals = dict(zip(asked, pooled.tolist(), strict=True))
    return tuple(_Guess(path, path.score + rivals[code]) for code, path in by_code.items()), rivals


def _plus4(guesses: Sequence[_Guess], digits: int) -> str:
    """What follows the first digits of guesses that agree in these; nothing where that is in doubt."""
    best = max(guesses, key=lambda guess: guess.score)
    share = 1.0 / sum(math.exp(guess.score - best.score) for guess in guesses)
    return best.path.code[digits:] if share >= PLUS4_SHARE else ""


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
