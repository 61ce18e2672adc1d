"""The convolutional network of the tutorials, in Keras, and how it becomes a model the reader can use."""

from __future__ import annotations

import hashlib
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zipread import __version__
from zipread.lab.road.data import Mnist
from zipread.lab.road.files import whole_file, write_csv, write_json
from zipread.lab.road.networks import Period, Progress, fit, scores
from zipread.lab.road.rates import Rate
from zipread.normalize import NORMALIZATION_VERSION

EPOCHS = 10


@dataclass(frozen=True, slots=True)
class Layer:
    """A row of the network's summary."""

    name: str
    kind: str
    output: tuple[int, ...]  # shape of what one picture becomes
    parameters: int


@dataclass(frozen=True, slots=True)
class Trained:
    """A network and how it came out on MNIST's test digits."""

    model: Any  # keras.Model
    periods: list[Period]
    test_loss: float  # mean log loss
    test: Rate
    truth: np.ndarray  # (n,) uint8
    answers: np.ndarray  # (n,) int64


def build() -> Any:
    """The network, untrained: from (n, 28, 28) uint8 to (n, 10) probabilities, 1.2 million parameters."""
    from keras import Input, Sequential, layers

    return Sequential(
        [
            Input((28, 28), dtype="uint8", name="pictures"),
            layers.Reshape((28, 28, 1)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(32, 3, activation="relu"),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Dropout(0.25),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax", name="digits"),
        ],
        name="tutorial_cnn",
    )


def train(data: Mnist, epochs: int, seed: int, progress: Progress) -> Trained:
    """Train with Adam on the sparse categorical cross-entropy; watch on held-out writers, measure on test digits."""
    import keras

    keras.utils.set_random_seed(seed)
    model = build()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    periods = fit(model, data.train, data.validation, epochs, "training the network", progress)
    return measure(model, periods, data)


def measure(model: Any, periods: list[Period], data: Mnist) -> Trained:
    """Ask a trained network for the test digits."""
    given = scores(model, data.test.x)
    answers = given.argmax(axis=1)
    own = given[np.arange(len(given)), data.test.y]
    loss = float(-np.log(np.maximum(own, 1e-7)).mean())
    return Trained(model, periods, loss, Rate.of(answers == data.test.y), data.test.y, answers)


def summary(model: Any) -> list[Layer]:
    """The layers of a network in order, with their parameters."""
    return [
        Layer(layer.name, type(layer).__name__, tuple(layer.output.shape[1:]), layer.count_params())
        for layer in model.layers
    ]


@dataclass(frozen=True, slots=True)
class ClassResult:
    """How one digit came out."""

    digit: int
    n: int
    wrong: int
    taken_for: str  # the commonest mistake, as `4 (6 times)`


def by_class(trained: Trained) -> list[ClassResult]:
    """Mistakes of each digit, the worst first."""
    results = []
    for digit in range(10):
        answers = trained.answers[trained.truth == digit]
        mistakes = np.bincount(answers[answers != digit], minlength=10)
        worst = f"{mistakes.argmax()} ({mistakes.max()} times)" if mistakes.any() else ""
        results.append(ClassResult(digit, len(answers), int(mistakes.sum()), worst))
    return sorted(results, key=lambda result: (-result.wrong / max(1, result.n), result.digit))


def with_rejection(model: Any) -> Any:
    """The same network with an eleventh column, "not one digit", that is always 0.

    The reader expects that column. A network of ten classes was never shown anything but digits and cannot say
    "this is none": a constant 0 tells exactly that. Such a model is fit for `zipread digits`, where every picture is
    one digit; on whole codes its wrong cuts win as often as right ones.
    """
    from keras import Model, ops

    return Model(model.inputs[0], ops.pad(model.outputs[0], ((0, 0), (0, 1))), name=model.name)


def save(model: Any, folder: Path, record: dict[str, Any]) -> Path:
    """Write a network of ten classes as a model for `--model`: digits.keras, digits.onnx, manifest.json.

    The manifest comes last and holds the other files' hashes: a folder whose writing was stopped is no model.

    Args:
        model: as `build` makes it.
        folder: where to; made if need be.
        record: what the training was, for the manifest.

    Raises:
        UsageError: the folder cannot be written to.
    """
    import keras

    whole = with_rejection(model)
    paths = (folder / "digits.keras", folder / "digits.onnx")
    with whole_file(paths[0]) as partial:
        whole.save(partial)
    signature = [keras.InputSpec(dtype="uint8", shape=(None, 28, 28), name="pictures")]
    with whole_file(paths[1]) as partial, warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # the exporter's own use of numpy
        whole.export(partial, format="onnx", input_signature=signature, verbose=False)
    manifest = {
        "zipread": __version__,
        "normalization": NORMALIZATION_VERSION,
        "classes": [*"0123456789", "not one digit"],
        "parameters": int(model.count_params()),
        "sha256": {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths},
        "training": {"network": model.name, "keras": keras.__version__, **record},
    }
    return write_json(folder / "manifest.json", manifest)


def run(data: Mnist, epochs: int, seed: int, out: Path, progress: Progress) -> Trained:
    """Train, and `draw` what came of it."""
    trained = train(data, epochs, seed, progress)
    draw(trained, out)
    return trained


def draw(trained: Trained, out: Path) -> None:
    """Curves, confusion, layers, epochs and classes as cnn*.png and cnn*.csv in `out`."""
    from zipread.lab.road import plots

    write_csv(out / "cnn.csv", trained.periods)
    write_csv(out / "cnn-layers.csv", summary(trained.model))
    write_csv(out / "cnn-classes.csv", by_class(trained))
    plots.curves(out / "cnn.png", trained.periods, "convolutional network")
    title = f"convolutional network: {trained.test.right:,} of {trained.test.n:,} right"
    plots.confusion(out / "cnn-confusion.png", trained.truth, trained.answers, title)
