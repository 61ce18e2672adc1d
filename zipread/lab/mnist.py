"""MNIST's handwritten digits with their writers, for training and for choosing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zipread.errors import InputError

HELD_OUT_SHARE = 0.08
"""Share of the writers kept out of training, for choosing and calibrating."""


@dataclass(frozen=True, slots=True)
class Digits:
    """Handwritten digits with their writers."""

    x: np.ndarray  # (n, 28, 28) uint8, light on black
    y: np.ndarray  # (n,) uint8, 0..9
    writer: np.ndarray  # (n,) int32

    def part(self, chosen: np.ndarray) -> Digits:
        """The digits where `chosen`, (n,) bool, is true."""
        return Digits(self.x[chosen], self.y[chosen], self.writer[chosen])


def load_digits(path: Path | None) -> Digits:
    """MNIST's training digits from an .npz (x_train, y_train, writer_train), or from Keras where `path` is None.

    Without writer numbers, runs of 100 digits count as one writer: neighbours in MNIST come from the same hand.

    Raises:
        InputError: the file is missing or is no such archive.
    """
    if path is None:
        import keras

        (x, y), _ = keras.datasets.mnist.load_data()
        return Digits(x, y, (np.arange(len(y)) // 100).astype(np.int32))
    try:
        with np.load(path) as archive:
            x, y = archive["x_train"], archive["y_train"]
            writer = archive["writer_train"] if "writer_train" in archive else np.arange(len(y)) // 100
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{path}: not an .npz with x_train and y_train ({error})") from error
    return Digits(x, y.astype(np.uint8), np.asarray(writer).astype(np.int32))


def split_by_writer(digits: Digits, seed: int) -> tuple[Digits, Digits]:
    """Training and held-out digits; no writer is on both sides."""
    writers = np.unique(digits.writer)
    np.random.default_rng(seed).shuffle(writers)
    held_out = np.isin(digits.writer, writers[: max(1, round(HELD_OUT_SHARE * len(writers)))])
    return digits.part(~held_out), digits.part(held_out)
