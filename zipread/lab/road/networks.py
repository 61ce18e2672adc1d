"""What the Keras networks of the road share: one way to train them, and the curves that come of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from zipread.lab.road.data import Samples

BATCH = 128

Progress = Callable[[str, int, int], None]
"""Called with what is being done, steps done, and steps in all."""


@dataclass(frozen=True, slots=True)
class Period:
    """How well a model does after a round of training."""

    period: int
    loss: float  # mean log loss on the digits that train; of a network with dropout, measured with it
    accuracy: float
    validation_loss: float  # on digits of other writers
    validation_accuracy: float


def fit(
    model: Any, train: Samples, validation: Samples, epochs: int, what: str, progress: Progress,
    after_epoch: Callable[[int], None] | None = None,
) -> list[Period]:  # fmt: skip
    """Train a compiled Keras classifier of (n, 28, 28) uint8 pictures whose only metric is accuracy.

    Args:
        model: the network.
        train: what it learns.
        validation: what it is watched on after every epoch.
        epochs: rounds over `train`.
        what: name of the work, for `progress`.
        progress: called after every batch.
        after_epoch: called with the number of epochs done, from 1.
    """
    import keras

    batches = -(-len(train.y) // BATCH)
    done = 0

    def on_batch(batch: int, logs: Any = None) -> None:
        nonlocal done
        done += 1
        progress(what, done, batches * epochs)

    def on_epoch(epoch: int, logs: Any = None) -> None:
        if after_epoch is not None:
            after_epoch(epoch + 1)

    watch = keras.callbacks.LambdaCallback(on_train_batch_end=on_batch, on_epoch_end=on_epoch)
    history = model.fit(
        train.x, train.y, batch_size=BATCH, epochs=epochs, verbose=0, callbacks=[watch],
        validation_data=(validation.x, validation.y), validation_batch_size=1024,
    ).history  # fmt: skip
    columns = (history[name] for name in ("loss", "accuracy", "val_loss", "val_accuracy"))
    return [Period(at, *map(float, values)) for at, values in enumerate(zip(*columns, strict=True), 1)]


def scores(model: Any, x: np.ndarray) -> np.ndarray:
    """(n, 28, 28) uint8 to (n, classes) float32 probabilities."""
    return np.asarray(model.predict(x, batch_size=1024, verbose=0))
