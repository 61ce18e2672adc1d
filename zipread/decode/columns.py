"""From columns to codes: connectionist temporal classification (Graves et al., ICML 2006), for exactly N digits.

A column says a digit or none, and a digit may last for several columns; between two equal digits a column says none.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from zipread.records import NOT_A_DIGIT as NOTHING

FLOOR = 1e-6
"""Least probability of what a column shows."""


def best_codes(columns: np.ndarray, digits: int) -> list[str]:
    """The most probable code of exactly `digits` digits, and those that differ from it in one likely place.

    Args:
        columns: (t, 11) float32 probabilities.
        digits: length of the code, at least 1.

    Returns:
        Codes, the best first; none where there are too few columns.
    """
    logs = np.log(np.maximum(columns, FLOOR))
    path = _best_path(logs, digits)
    if path is None:
        return []
    code = [name for name, _ in path]
    codes = ["".join(map(str, code))]
    for place, (name, span) in enumerate(path):
        mass = columns[span, :NOTHING].sum(axis=0)
        mass[name] = -1.0
        for other in np.argsort(-mass)[:2]:
            codes.append("".join(map(str, [*code[:place], int(other), *code[place + 1 :]])))
    return codes


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
    logs = np.log(np.maximum(columns.astype(np.float64), FLOOR))
    names = np.array([[int(c) for c in code] for code in codes])
    count, length = names.shape
    symbols = np.full((count, 2 * length + 1), NOTHING)
    symbols[:, 1::2] = names
    may_skip = np.zeros(symbols.shape, bool)  # over the "no digit" before it, where that is no repetition
    may_skip[:, 3::2] = names[:, 1:] != names[:, :-1]
    total = np.full(symbols.shape, -np.inf)
    total[:, 0] = logs[0, NOTHING]
    total[:, 1] = logs[0, symbols[:, 1]]
    with np.errstate(invalid="ignore"):
        for row in logs[1:]:
            moved = total.copy()
            moved[:, 1:] = np.logaddexp(moved[:, 1:], total[:, :-1])
            skipped = np.where(may_skip[:, 2:], total[:, :-2], -np.inf)
            moved[:, 2:] = np.logaddexp(moved[:, 2:], skipped)
            total = moved + row[symbols]
    return np.logaddexp(total[:, -1], total[:, -2])
