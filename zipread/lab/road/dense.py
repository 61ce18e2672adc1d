"""A fully connected network in Keras, found by a small search, and what its first layer looks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.model_selection import ParameterGrid

from zipread.lab.road import plots
from zipread.lab.road.convolution import Trained, measure
from zipread.lab.road.data import Mnist
from zipread.lab.road.files import write_csv
from zipread.lab.road.networks import Progress, fit

HIDDEN: tuple[tuple[int, ...], ...] = ((64,), (128,), (128, 64))
DROPOUTS = (0.0, 0.2)
RATES = (1e-3, 3e-3)
"""Learning rates of Adam."""

CHOSEN = (128, 64), 0.2, 3e-3
"""What the search finds on 20,000 rows; used where nobody searches."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One setting and how it did on the writers held out, by which the best is chosen."""

    hidden: tuple[int, ...]
    dropout: float
    rate: float
    validation_loss: float
    validation_accuracy: float


@dataclass(frozen=True, slots=True)
class Plan:
    """How long to search and to train, and what to draw."""

    epochs: int = 20
    search_epochs: int = 3
    stages: tuple[int, ...] = (0, 1, 5, 20)  # epochs after which the first layer is drawn
    pictures: int = 16  # neurons drawn
    dropouts: tuple[float, ...] = DROPOUTS
    seed: int = 1


def build(hidden: Sequence[int], dropout: float, rate: float) -> Any:
    """The network, compiled: (n, 28, 28) uint8 to (n, 10) probabilities; dropout after every hidden layer."""
    import keras
    from keras import layers

    model = keras.Sequential(
        [keras.Input((28, 28), dtype="uint8", name="pictures"), layers.Flatten(), layers.Rescaling(1 / 255)],
        name="dense_network",
    )
    for neurons in hidden:
        model.add(layers.Dense(neurons, activation="relu"))
        if dropout:
            model.add(layers.Dropout(dropout))
    model.add(layers.Dense(10, activation="softmax", name="digits"))
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def search(data: Mnist, plan: Plan, progress: Progress) -> list[Candidate]:
    """Train every setting of the grid for a few epochs; the best by validation loss comes first."""
    import keras

    grid = list(ParameterGrid({"hidden": HIDDEN, "dropout": plan.dropouts, "rate": RATES}))
    found = []
    for setting in grid:
        keras.utils.set_random_seed(plan.seed)
        last = fit(build(**setting), data.train, data.validation, plan.search_epochs, "searching", _silent)[-1]
        found.append(
            Candidate(
                setting["hidden"], setting["dropout"], setting["rate"], last.validation_loss, last.validation_accuracy
            )
        )
        progress("searching", len(found), len(grid))
    return sorted(found, key=lambda candidate: candidate.validation_loss)


def _silent(what: str, done: int, total: int) -> None:
    """Report nothing: the search counts settings, not batches."""


def train(
    data: Mnist, hidden: Sequence[int], dropout: float, rate: float, plan: Plan, progress: Progress
) -> tuple[Trained, dict[int, np.ndarray]]:
    """Train one setting.

    Returns:
        The network with its curves, and the first hidden layer's weights, (784, neurons), by stage.
    """
    import keras

    keras.utils.set_random_seed(plan.seed)
    model = build(hidden, dropout, rate)
    first = next(layer for layer in model.layers if isinstance(layer, keras.layers.Dense))
    weights = {0: np.asarray(first.kernel)} if 0 in plan.stages else {}

    def keep(epoch: int) -> None:
        if epoch in plan.stages:
            weights[epoch] = np.asarray(first.kernel)

    periods = fit(model, data.train, data.validation, plan.epochs, "training the network", progress, keep)
    return measure(model, periods, data), weights


def run(data: Mnist, plan: Plan, out: Path, progress: Progress) -> tuple[list[Candidate], Trained]:
    """Search, train the best; tables, curves, confusion and the first layer's weights in `out`."""
    found = search(data, plan, progress)
    write_csv(out / "dnn-search.csv", found)
    best = found[0]
    trained, weights = train(data, best.hidden, best.dropout, best.rate, plan, progress)
    write_csv(out / "dnn.csv", trained.periods)
    title = f"dense network {'-'.join(map(str, best.hidden))}, dropout {best.dropout:g}, {len(data.train.y):,} digits"
    plots.curves(out / "dnn.png", trained.periods, title)
    right = f"{trained.test.right:,} of {trained.test.n:,} right"
    plots.confusion(out / "dnn-confusion.png", trained.truth, trained.answers, f"dense network: {right}")
    for stage, kernel in weights.items():
        images = list(kernel.T.reshape(-1, 28, 28)[: plan.pictures])
        plots.pictures(
            out / f"dnn-weights-{stage:02d}.png", images, [], columns=8, title=f"after {stage} epochs", signed=True
        )
    return found, trained
