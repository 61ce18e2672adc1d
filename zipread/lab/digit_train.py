"""Train the classifier of single digits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from zipread.lab import stopped
from zipread.lab.network import build
from zipread.lab.trainset import Digits

BATCH = 256
PICTURES_PER_EPOCH = 128_000
"""One epoch is a slice of the shuffled set: short enough to lose little when stopped."""

LEARNING_RATE = 2e-3
WEIGHT_DECAY = 1e-2
LABEL_SMOOTHING = 0.02

Report = Callable[[str], None]


def train_digits(
    data: tuple[np.ndarray, np.ndarray], held_out: Digits, out: Path, seed: int, epochs: int, report: Report,
    resume: bool,
) -> dict[str, Any]:  # fmt: skip
    """Train, and write digits.keras and digits.onnx.

    Args:
        data: (n, 28, 28) uint8 pictures and (n,) labels 0..10.
        held_out: digits of other writers, which only report.
        out: folder for the files; `out/work` keeps what a stopped run needs.
        seed: decides the weights.
        epochs: rounds of PICTURES_PER_EPOCH.
        report: called with one line of progress at a time.
        resume: go on from `out/work`.

    Returns:
        The training record for the manifest.

    Raises:
        InputError: the stopped run had another recipe.
    """
    import keras

    keras.utils.set_random_seed(seed)
    model = build()
    steps = PICTURES_PER_EPOCH // BATCH
    optimizer = stopped.optimizer(epochs * steps, steps // 2, LEARNING_RATE, WEIGHT_DECAY)
    model.compile(optimizer, keras.losses.CategoricalCrossentropy(label_smoothing=LABEL_SMOOTHING))
    recipe, work = {"seed": seed, "epochs": epochs}, out / "work"
    record: dict[str, Any] = {}
    first = stopped.restore(model, work, "digits", recipe) if resume else 0
    for epoch in range(first, epochs):
        images, labels = _slice(*data, seed, epoch)
        targets = keras.utils.to_categorical(labels, 11)
        loss = model.fit(images, targets, batch_size=BATCH, epochs=1, verbose=0, shuffle=False).history["loss"][0]
        with stopped.Averaged(model):
            scores = model.predict(held_out.x, batch_size=1024, verbose=0)
        error = float(np.mean(scores[:, :10].argmax(1) != held_out.y))
        record = {"loss": float(loss), "held_out_error": error}
        report(f"epoch {epoch + 1}/{epochs}: loss {loss:.4f}, held-out writers' error {error:.2%}")
        stopped.save(model, work, "digits", recipe, epoch + 1)
    model.optimizer.finalize_variable_values(model.trainable_variables)
    parameters = int(model.count_params())
    stopped.export(model, out, "digits", (None, 28, 28), "pictures")
    return {"parameters": parameters, "epochs": epochs, **record}


def _slice(images: np.ndarray, labels: np.ndarray, seed: int, epoch: int) -> tuple[np.ndarray, np.ndarray]:
    """The pictures of one epoch: consecutive slices of one endless sequence of reshuffled sets."""
    wanted = np.arange(epoch * PICTURES_PER_EPOCH, (epoch + 1) * PICTURES_PER_EPOCH)
    rounds, places = np.divmod(wanted, len(labels))
    chosen = np.empty(len(wanted), np.int64)
    for turn in np.unique(rounds):
        order = np.random.default_rng((seed, int(turn))).permutation(len(labels))
        chosen[rounds == turn] = order[places[rounds == turn]]
    return images[chosen], labels[chosen]
