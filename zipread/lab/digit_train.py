"""Train the classifier of single digits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import cv2
import numpy as np

from zipread.lab import stopped
from zipread.lab.course import Course, averaged
from zipread.lab.mnist import Digits
from zipread.lab.network import build

BATCH = 256
PICTURES_PER_EPOCH = 128_000
"""One epoch is a slice of the shuffled set: short enough to lose little when stopped."""

LEARNING_RATE = 2e-3
"""Where its cosine begins."""

WEIGHT_DECAY = 2e-2
LABEL_SMOOTHING = 0.02

TURN, SHEAR, ZOOM, SHIFT = 0.06, 0.06, 0.04, 0.2
"""Standard deviations of what moves a picture anew each time it is seen: radians, dx per dy, share, pixels."""

Pictures = Callable[[], tuple[np.ndarray, np.ndarray]]
"""Makes (n, 28, 28) uint8 pictures and labels 0..10, when they are needed."""


def train_digits(pictures: Pictures, epochs: int, held_out: Digits, course: Course) -> dict[str, Any]:
    """Train, and write digits.keras and digits.onnx.

    Args:
        pictures: what trains.
        epochs: of PICTURES_PER_EPOCH.
        held_out: digits of other writers, which only report.
        course: where training begins, reports and writes.

    Returns:
        The training record for the manifest.

    Raises:
        InputError: the stopped run had another recipe.
    """
    import keras

    keras.utils.set_random_seed(course.seed)
    model, seed = build(), course.seed
    steps = PICTURES_PER_EPOCH // BATCH
    optimizer = course.optimizer(epochs * steps, steps // 2, LEARNING_RATE, WEIGHT_DECAY)
    model.compile(optimizer, keras.losses.CategoricalCrossentropy(label_smoothing=LABEL_SMOOTHING))
    recipe = {"seed": seed, "epochs": epochs}
    first = course.begin(model, "digits", recipe)
    record: dict[str, Any] = {"epochs": epochs, "parameters": int(model.count_params())}
    data = pictures() if first < epochs else None
    for epoch in range(first, epochs):
        assert data is not None
        images, labels = _slice(*data, seed, epoch)
        images = moved(np.random.default_rng((seed, epoch, 1)), images)
        targets = keras.utils.to_categorical(labels, 11)
        loss = model.fit(images, targets, batch_size=BATCH, epochs=1, verbose=0, shuffle=False).history["loss"][0]
        with averaged(model, (images[at : at + BATCH] for at in range(0, len(images), BATCH))):
            error = error_of(model, held_out)
        course.report(f"digits: epoch {epoch + 1}/{epochs}, loss {loss:.4f}, held-out writers' error {error:.2%}")
        record["loss"] = float(loss)
        course.keep(model, "digits", recipe, epoch + 1)
    course.settle(model, "digits", lambda: _seen_first(pictures, seed))
    record["held_out_error"] = error_of(model, held_out)
    stopped.export(model, course.out, "digits", (None, 28, 28), "pictures")
    return record


def error_of(model: Any, digits: Digits) -> float:
    """Share of digits that a network names wrongly."""
    scores = model.predict(digits.x, batch_size=1024, verbose=0)
    return float(np.mean(scores[:, :10].argmax(1) != digits.y))


def moved(rng: np.random.Generator, images: np.ndarray) -> np.ndarray:
    """Turn, slant, stretch and shift pictures (n, 28, 28) uint8 a little, so that none is seen twice alike."""
    turn, slant = rng.normal(0.0, TURN, len(images)), rng.normal(0.0, SHEAR, len(images))
    zoom, shift = 1.0 + rng.normal(0.0, ZOOM, (2, len(images))), rng.normal(0.0, SHIFT, (2, len(images)))
    matrix = np.empty((len(images), 2, 3))
    matrix[:, 0, 0], matrix[:, 0, 1] = zoom[0] * np.cos(turn), slant - np.sin(turn)
    matrix[:, 1, 0], matrix[:, 1, 1] = np.sin(turn), zoom[1] * np.cos(turn)
    middle = np.full(2, (images.shape[1] - 1) / 2)
    matrix[:, :, 2] = middle - matrix[:, :, :2] @ middle + shift.T
    return np.stack([cv2.warpAffine(image, own, image.shape) for image, own in zip(images, matrix, strict=True)])


def _seen_first(pictures: Pictures, seed: int) -> Iterator[np.ndarray]:
    """Batches of the first epoch."""
    images, _ = _slice(*pictures(), seed, 0)
    rng = np.random.default_rng((seed, 0, 1))
    for at in range(0, len(images), BATCH):
        yield moved(rng, images[at : at + BATCH])


def _slice(images: np.ndarray, labels: np.ndarray, seed: int, epoch: int) -> tuple[np.ndarray, np.ndarray]:
    """The pictures of one epoch: consecutive slices of one endless sequence of reshuffled sets."""
    wanted = np.arange(epoch * PICTURES_PER_EPOCH, (epoch + 1) * PICTURES_PER_EPOCH)
    rounds, places = np.divmod(wanted, len(labels))
    chosen = np.empty(len(wanted), np.int64)
    for turn in np.unique(rounds):
        order = np.random.default_rng((seed, int(turn))).permutation(len(labels))
        chosen[rounds == turn] = order[places[rounds == turn]]
    return images[chosen], labels[chosen]
