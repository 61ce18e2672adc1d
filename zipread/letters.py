"""Read the letters of a line: a network names what each column shows.

As the second reader does with digits (`sequence.py`): digits and all else are nothing to it, and whether letters are
capitals it does not say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zipread.model import Network, load_optional

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
NO_LETTER = 26
"""Index of what is no letter."""

FLOOR = 1e-5
"""Least probability of what a column shows."""

IDLE = 1e-3
"""A column where all letters together are less probable than this shows none."""


@dataclass(frozen=True, slots=True)
class LetterReader:
    """The network that names the letters of a line."""

    network: Network

    def see(self, line: np.ndarray) -> np.ndarray:
        """Name the columns of one line.

        Args:
            line: (32, w) uint8, as `sequence.normalize_line` makes it; letters stand as digits of its height would.

        Returns:
            (w / 2, 27) float32 probabilities; the last: no letter here.
        """
        return self.network(line[None])[0].astype(np.float32, copy=False)


def load_letter_reader(engine: str = "onnx", folder: Path | None = None) -> LetterReader | None:
    """Load the reader of letters, or None where the model folder has none.

    Args:
        engine: "onnx" or "keras".
        folder: where letters.onnx or letters.keras and manifest.json lie; None: the model that ships.

    Raises:
        DependencyError: the manifest names the network, and its file is missing or damaged; or Keras is not installed.
    """
    network = load_optional(folder, "letters", engine)
    return None if network is None else LetterReader(network)


def likeliest_letters(columns: np.ndarray) -> list[int]:
    """The letters, 0 for A, of the most probable path through columns (t, 27)."""
    says = columns.argmax(axis=1)
    begins = np.flatnonzero(np.diff(says, prepend=NO_LETTER))
    return [int(name) for name in says[begins] if name != NO_LETTER]


def spelled(columns: np.ndarray) -> str:
    """The letters of the most probable path through columns (t, 27)."""
    return "".join(LETTERS[name] for name in likeliest_letters(columns))


def endings(columns: np.ndarray, phrases: Sequence[str]) -> np.ndarray:
    """How well a line ends in each of some phrases, whatever stands before them.

    The most probable path that spells the phrase at the end (Viterbi, over the states of connectionist temporal
    classification, Graves et al., ICML 2006), beside the most probable path of all.

    Args:
        columns: (t, 27) float32 probabilities.
        phrases: capitals without spaces, none of them empty.

    Returns:
        (n,) float64 log probabilities, 0 where nothing reads better than the phrase.
    """
    busy = _without_idle(columns.astype(np.float64))
    shares = np.maximum(busy, FLOOR) / busy.max(axis=1, keepdims=True)
    symbols, may_skip, ends = _states(phrases)
    says = shares[:, symbols]
    count, states = symbols.shape
    padded = np.zeros((count, states + 2))  # two that are never shown stand before the first symbol
    before_last, before, best = padded[:, :-2], padded[:, 1:-1], padded[:, 2:]
    moved = np.empty((count, states))
    for said in says:
        np.multiply(before_last, may_skip, out=moved)
        np.maximum(moved, before, out=moved)
        np.maximum(moved, best, out=moved)
        moved[:, :2] = np.maximum(moved[:, :2], 1.0)  # what stands before costs nothing
        np.multiply(moved, said, out=best)
    rows = np.arange(count)
    with np.errstate(divide="ignore"):  # fewer columns than the phrase has letters
        return np.log(np.maximum(best[rows, ends], best[rows, ends - 1]))


def _states(phrases: Sequence[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """States of each phrase, letters with "no letter" around each; which may be entered past that; and the last."""
    lengths = np.array([len(phrase) for phrase in phrases])
    names = np.full((len(phrases), lengths.max()), NO_LETTER)
    for row, phrase in enumerate(phrases):
        names[row, : len(phrase)] = [LETTERS.index(letter) for letter in phrase]
    symbols = np.full((len(phrases), 2 * names.shape[1] + 1), NO_LETTER)
    symbols[:, 1::2] = names
    may_skip = np.zeros(symbols.shape)
    may_skip[:, 3::2] = names[:, 1:] != names[:, :-1]
    return symbols, may_skip, 2 * lengths


def _without_idle(columns: np.ndarray) -> np.ndarray:
    """Columns less those in the midst of a stretch that shows no letter: they change nothing."""
    idle = columns[:, :NO_LETTER].sum(axis=1) < IDLE
    between = idle.copy()
    between[1:] &= idle[:-1]
    between[[0, -1]] = False
    return columns[~between]
