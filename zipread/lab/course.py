"""The course of a training: where it begins, what it reports to, and what is written in the end."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from zipread.errors import DependencyError, InputError
from zipread.lab import stopped

Report = Callable[[str], None]

CONTINUED = 0.3
"""Learning rate of a network that another training made, as a share of that of a new one."""

MEASURED, MEASURED_TO_REPORT = 120, 30
"""Batches from which normalizations are measured anew, in the end and for a report."""


@dataclass(frozen=True, slots=True)
class Course:
    """One run of a training."""

    out: Path  # folder for the networks; out/work keeps what a stopped run needs
    seed: int  # decides the weights
    report: Report  # called with one line of progress at a time
    resume: bool = False  # go on from out/work
    start: Path | None = None  # model folder whose networks are trained on; None: new ones
    kept: float = 0.0  # share of these networks' weights in the mean with what training made of them
    bfloat16: bool = False  # multiply in bfloat16, where the processor can

    @property
    def work(self) -> Path:
        """Where a stopped run left what is needed to go on."""
        return self.out / "work"

    @contextmanager
    def arithmetic(self) -> Iterator[None]:
        """TensorFlow multiplies within as the course says: oneDNN's operations in bfloat16, weights stay float32."""
        import tensorflow as tf

        rewriting = "auto_mixed_precision_onednn_bfloat16"
        before = tf.config.optimizer.get_experimental_options().get(rewriting, False)
        tf.config.optimizer.set_experimental_options({rewriting: self.bfloat16})
        try:
            yield
        finally:
            tf.config.optimizer.set_experimental_options({rewriting: before})

    def optimizer(self, steps: int, warmup: int, learning_rate: float, weight_decay: float) -> Any:
        """As `stopped.optimizer`, slower for a network that another training made."""
        return stopped.optimizer(steps, warmup, learning_rate * (CONTINUED if self.start else 1.0), weight_decay)

    def begin(self, model: Any, name: str, recipe: dict[str, Any]) -> int:
        """Bring a compiled model to where it is to begin; returns how much of the recipe was done.

        Raises:
            DependencyError: the model folder to start from lacks the network.
            InputError: its network has another shape, or the stopped run had another recipe.
        """
        if self.start is not None:
            weights = self._start_weights(name)
            if [w.shape for w in weights] != [w.shape for w in model.get_weights()]:
                raise InputError(f"{self.start / name}.keras: is of another shape than this zipread's network")
            model.set_weights(weights)
        return stopped.restore(model, self.work, name, self._recipe_of(name, recipe)) if self.resume else 0

    def keep(self, model: Any, name: str, recipe: dict[str, Any], done: int) -> None:
        """Keep what a run that is stopped needs to go on: `done` epochs or steps are done."""
        stopped.save(model, self.work, name, self._recipe_of(name, recipe), done)

    def settle(self, model: Any, name: str, batches: Callable[[], Iterable[np.ndarray]]) -> None:
        """Leave the weights to be exported in a trained model: averaged, and in the mean with those of the start.

        What its normalizations expect is measured anew for them. The mean of a network and of what further training
        made of it keeps more of what the first one knew (Wortsman et al., Robust fine-tuning of zero-shot models, CVPR
        2022).

        Args:
            model: the network.
            name: of the network.
            batches: gives batches of what it is to see, for its normalizations.
        """
        model.optimizer.finalize_variable_values(model.trainable_variables)
        if self.start is not None and self.kept:
            pairs = zip(self._start_weights(name), model.get_weights(), strict=True)
            model.set_weights([self.kept * old + (1.0 - self.kept) * new for old, new in pairs])
        measure_normalizations(model, islice(batches(), MEASURED))

    def _recipe_of(self, name: str, recipe: dict[str, Any]) -> dict[str, Any]:
        """A network's recipe with the network that it starts from; what is kept of that is decided in the end."""
        return recipe if self.start is None else {**recipe, "started_from": digest(self.start / f"{name}.keras")}

    def _start_weights(self, name: str) -> Any:
        import keras

        assert self.start is not None
        try:
            return keras.saving.load_model(self.start / f"{name}.keras", compile=False).get_weights()
        except (OSError, ValueError) as error:
            raise DependencyError(f"{self.start}: no network to start from ({error})") from error


def measure_normalizations(model: Any, batches: Iterable[np.ndarray]) -> None:
    """Measure what a network's batch normalizations expect anew, as the mean over some batches.

    Averaged weights expect other values than those they are an average of (Izmailov et al., Averaging weights leads to
    wider optima, UAI 2018), and what training measured is mostly of its last batches, which are of few shapes each.
    """
    import keras

    layers = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    momenta = [layer.momentum for layer in layers]
    for count, batch in enumerate(batches):
        for layer in layers:
            layer.momentum = count / (count + 1)
        model(batch, training=True)
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum


@contextmanager
def averaged(model: Any, batches: Iterable[np.ndarray]) -> Iterator[None]:
    """The running average of the weights stands in for the weights within, with normalizations measured for it.

    Else a report would be of weights that their normalizations do not fit.
    """
    with stopped.Averaged(model):
        measure_normalizations(model, islice(batches, MEASURED_TO_REPORT))
        yield


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits. Raises DependencyError where there is none."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise DependencyError(f"{path}: cannot be read ({error.strerror})") from error
