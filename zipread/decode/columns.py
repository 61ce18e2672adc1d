"""From columns to codes: connectionist temporal classification (Graves et al., ICML 2006), for exactly N digits.

A column says a digit or none, and a digit may last for several columns; between two equal digits a column says none.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from zipread.records import NOT_A_DIGIT as NOTHING

FLOOR = 1e-6
"""Least probability of what a column shows."""

RESCALED = 8
"""Columns after which probabilities are brought back to the order of 1, long before they would vanish."""

IDLE = 1e-4
"""A column where all digits together are less probable than this shows none."""


def best_codes(columns: np.ndarray, digits: int) -> list[str]:
    """The most probable code of exactly `digits` digits, and those that differ from it in one likely place.

    Args:
        columns: (t, 11) float32 probabilities.
        digits: length of the code, at least 1.

    Returns:
        Codes, the best first; none where there are too few columns.
    """
    columns = _without_idle(columns, digits)
    path = _likeliest_path(columns)
    if len(path) != digits:
        found = _best_path(np.log(np.maximum(columns, FLOOR)), digits)
        if found is None:
            return []
        path = found
    code = [name for name, _ in path]
    codes = ["".join(map(str, code))]
    for place, (name, span) in enumerate(path):
        mass = columns[span, :NOTHING].sum(axis=0)
        mass[name] = -1.0
        for other in np.argsort(-mass)[:2]:
            codes.append("".join(map(str, [*code[:place], int(other), *code[place + 1 :]])))
    return codes


def _without_idle(columns: np.ndarray, digits: int) -> np.ndarray:
    """Columns (t, 11) less those in the midst of a stretch that shows no digit: they change no code's probability.

    All of them where the others leave no room for a code: that there is none must be said, too.
    """
    idle = columns[:, :NOTHING].sum(axis=1) < IDLE
    between = idle.copy()
    between[1:] &= idle[:-1]
    between[:-1] &= idle[1:]
    between[[0, -1]] = False
    busy = columns[~between]
    return busy if len(busy) > 2 * digits else columns


def likeliest_digits(columns: np.ndarray) -> list[tuple[str, float]]:
    """The digits of the most probable path, however many, each with the middle of the columns that show it."""
    return [(str(name), (span.start + span.stop) / 2) for name, span in _likeliest_path(columns)]


def _likeliest_path(columns: np.ndarray) -> list[tuple[int, slice]]:
    """The most probable path of any number of digits: each digit with its columns."""
    says = columns.argmax(axis=1)
    edges = [0, *(np.flatnonzero(np.diff(says)) + 1).tolist(), len(says)]
    return [(int(says[a]), slice(a, b)) for a, b in pairwise(edges) if a < b and says[a] != NOTHING]


def _best_path(logs: np.ndarray, digits: int) -> list[tuple[int, slice]] | None:
    """Viterbi over (digits seen, what the column says); returns each digit with its columns."""
    steps = len(logs)
    if steps < digits:
        return None
    score = np.full((digits + 1, 11), -np.inf)
    score[0, NOTHING] = logs[0, NOTHING]
    score[1, :NOTHING] = logs[0, :NOTHING]
    came = np.zeros((steps, digits + 1, 11), np.int8)  # state before; -1 - state where a digit began
    states = np.arange(11)
    for step in range(1, steps):
        best = score.argmax(axis=1)
        top = score.max(axis=1)
        rest = score.copy()
        rest[np.arange(digits + 1), best] = -np.inf
        second, second_top = rest.argmax(axis=1), rest.max(axis=1)
        # A digit begins after anything but itself; it lasts from itself; "no digit" follows anything.
        begins = np.where(states[None, :] == best[:, None], second_top[:, None], top[:, None])
        before = np.where(states[None, :] == best[:, None], second[:, None], best[:, None])
        new = np.full_like(score, -np.inf)
        new[:, NOTHING] = top
        came[step, :, NOTHING] = best
        lasts = score[:, :NOTHING]
        starts = np.vstack((np.full((1, NOTHING), -np.inf), begins[:-1, :NOTHING]))
        from_state = np.vstack((np.zeros((1, NOTHING), np.int64), before[:-1, :NOTHING]))
        new[:, :NOTHING] = np.maximum(lasts, starts)
        came[step, :, :NOTHING] = np.where(starts > lasts, -1 - from_state, states[None, :NOTHING])
        score = new + logs[step]
    state = int(score[digits].argmax())
    if not np.isfinite(score[digits, state]):
        return None
    return _spans(came, digits, state)


def _spans(came: np.ndarray, digits: int, state: int) -> list[tuple[int, slice]]:
    """Follow the path back: the digits with the columns each lasts."""
    path: list[tuple[int, slice]] = []
    seen, end = digits, len(came)
    for step in range(len(came) - 1, 0, -1):
        before = int(came[step, seen, state])
        if state != NOTHING and before < 0:
            path.append((state, slice(step, end)))
            seen, state, end = seen - 1, -1 - before, step
        else:
            if state == NOTHING and before != NOTHING:
                end = step
            state = before
    if state != NOTHING:
        path.append((state, slice(0, end)))
    path.reverse()
    return path


def code_scores(columns: np.ndarray, codes: Sequence[str]) -> np.ndarray:
    """Log probability of each code, over all ways the columns can spell it (CTC's forward pass).

    Args:
        columns: (t, 11) float32 probabilities.
        codes: codes of one length.

    Returns:
        (n,) float64.
    """
    names = np.array([[int(c) for c in code] for code in codes])
    count, length = names.shape
    shown = np.maximum(_without_idle(columns, length).astype(np.float64), FLOOR)
    symbols = np.full((count, 2 * length + 1), NOTHING)
    symbols[:, 1::2] = names
    may_skip = np.zeros(symbols.shape)  # over the "no digit" before it, where that is no repetition
    may_skip[:, 3::2] = names[:, 1:] != names[:, :-1]
    says = shown[:, symbols]
    padded = np.zeros((count, 2 * length + 3))  # two that are never shown stand before the first symbol
    before_last, before, total = padded[:, :-2], padded[:, 1:-1], padded[:, 2:]
    total[:, :2] = says[0, :, :2]
    moved = np.empty_like(total)
    scale = np.zeros(count)
    for step in range(1, len(says)):
        np.multiply(before_last, may_skip, out=moved)
        moved += before
        moved += total
        np.multiply(moved, says[step], out=total)
        if step % RESCALED == 0:
            largest = total.max(axis=1)
            total /= largest[:, None]
            scale += np.log(largest)
    ended = total[:, -1] + total[:, -2]
    with np.errstate(divide="ignore"):  # fewer columns than the code has symbols
        return np.log(ended) + scale
