"""All classifiers of the road and the shipped model, on the same digits."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits

from zipread.classify import load_classifier
from zipread.lab.road import convolution, dense, linear, svc
from zipread.lab.road.data import Mnist, Samples, to_reader
from zipread.lab.road.files import whole_file, write_json
from zipread.lab.road.networks import Progress, scores
from zipread.lab.road.rates import Rate
from zipread.model import model_folder

SHIPPED = "shipped model"
OWN = "8×8, trained on them"
"""The column of classifiers that were trained on the 8×8 digits themselves, by cross-validation."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How the baselines are trained; the same plan keeps what was trained."""

    rows: int | None = None  # MNIST digits that train; None: all of the training writers
    periods: int = 20  # of the linear classifier
    dense_epochs: int = 20
    cnn_epochs: int = 10
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Contender:
    """A classifier, ready to be asked."""

    name: str
    trained_on: str
    seconds: float | None  # of processor time that the training took, all threads together; None: not known
    size: int  # bytes on disk
    answer: Callable[[np.ndarray], np.ndarray]  # (n, 28, 28) uint8 to (n,) digits


@dataclass(frozen=True, slots=True)
class Standing:
    """What came of one contender."""

    contender: Contender
    digits_a_second: float  # of processor time, which a busy machine changes little
    rates: Mapping[str, Rate]  # by the name of the set


def baselines(data: Mnist, plan: Plan, work: Path, progress: Progress) -> list[Contender]:
    """Train every baseline on the same digits, or take up what the same plan left in `work`.

    Args:
        data: MNIST; its `train` part trains all of them.
        plan: how.
        work: folder that keeps the trained ones and how long each took.
        progress: called after each, and within the long ones.
    """
    flat = _flat(data.train)
    trainers: dict[str, Callable[[], Any]] = {
        "k nearest neighbours": lambda: KNeighborsClassifier(n_neighbors=3).fit(*flat),
        "linear": lambda: linear.train(data, plan.periods, plan.seed, progress).estimator,
        "support vectors": lambda: SVC(gamma="scale", C=svc.C, cache_size=1_000).fit(*flat),
        "perceptron": lambda: _perceptron(plan.seed).fit(*flat),
        "dense network": lambda: _dense(data, plan, progress),
        "convolutional network": lambda: convolution.train(data, plan.cnn_epochs, plan.seed, progress).model,
    }
    trained = []
    for name, trainer in trainers.items():
        trained.append(_kept(name, trainer, plan, len(data.train.y), work))
        progress("training", len(trained), len(trainers))
    return trained


def _perceptron(seed: int) -> MLPClassifier:
    """Stops when the tenth of the digits that it holds back gets no better."""
    return MLPClassifier((128, 128, 128), early_stopping=True, random_state=seed)


def _dense(data: Mnist, plan: Plan, progress: Progress) -> Any:
    usual = dense.Plan(epochs=plan.dense_epochs, stages=(), seed=plan.seed)
    return dense.train(data, *dense.CHOSEN, usual, progress)[0].model


def _flat(samples: Samples) -> tuple[np.ndarray, np.ndarray]:
    return samples.rows, samples.y


def _kept(name: str, trainer: Callable[[], Any], plan: Plan, rows: int, work: Path) -> Contender:
    """Train and keep, or load what was kept of the same plan."""
    stem = name.replace(" ", "-")
    note = work / f"{stem}.json"
    made_from = {"rows": rows, "periods": plan.periods, "dense_epochs": plan.dense_epochs}
    made_from |= {"cnn_epochs": plan.cnn_epochs, "seed": plan.seed}
    keras_file, pickle = work / f"{stem}.keras", work / f"{stem}.joblib"
    record = json.loads(note.read_text()) if note.is_file() else {}
    if record.get("made_from") != made_from:
        began = time.process_time()
        model = trainer()
        seconds = time.process_time() - began
        path = pickle if hasattr(model, "get_params") else keras_file
        with whole_file(path) as partial:
            if path is pickle:
                joblib.dump(model, partial)
            else:
                model.compile()  # the optimizer's state is no part of what answers
                model.save(partial)
        record = {"made_from": made_from, "seconds": seconds, "file": path.name}
        write_json(note, record)
    path = work / record["file"]
    answer = _ask_estimator(joblib.load(path)) if path == pickle else _ask_network(path)
    return Contender(name, f"{rows:,} of MNIST", record["seconds"], path.stat().st_size, answer)


def _ask_estimator(estimator: Any) -> Callable[[np.ndarray], np.ndarray]:
    return lambda x: np.asarray(estimator.predict(x.reshape(len(x), -1).astype(np.float32) / 255))


def _ask_network(path: Path) -> Callable[[np.ndarray], np.ndarray]:
    import keras

    model = keras.saving.load_model(path, compile=False)
    return lambda x: scores(model, x).argmax(axis=1)


def shipped(folder: Path | None) -> Contender:
    """The model that ships, or the one in `folder`, run as the reader runs it.

    Raises:
        DependencyError: it is missing or damaged.
    """
    classifier = load_classifier(folder=folder)
    size = ((folder or model_folder()) / "digits.onnx").stat().st_size
    return Contender(
        SHIPPED, "made from MNIST, fonts, strokes", None, size, lambda x: classifier.scores(x)[:, :10].argmax(axis=1)
    )


def ask(contenders: Sequence[Contender], sets: Mapping[str, Samples], progress: Progress) -> list[Standing]:
    """Ask everybody for every digit.

    Args:
        contenders: whom.
        sets: labelled digits by name; they are normalized as the reader does it, for everybody alike. The first one
            also measures the speed.
        progress: called after each contender.
    """
    prepared = {name: (to_reader(samples), samples.y) for name, samples in sets.items()}
    standings = []
    for contender in contenders:
        contender.answer(next(iter(prepared.values()))[0][:64])  # what is done once is no part of the speed
        speed, rates = 0.0, {}
        for name, (x, y) in prepared.items():
            began = time.process_time()
            right = contender.answer(x) == y
            speed = speed or len(y) / max(time.process_time() - began, 1e-9)
            rates[name] = Rate.of(right)
        standings.append(Standing(contender, speed, rates))
        progress("testing", len(standings), len(contenders))
    return standings


def own_training(samples: Samples, seed: int) -> dict[str, Rate]:
    """The same kinds of estimators trained on the small digits themselves: four folds in order, by scikit-learn."""
    rows = samples.x.reshape(len(samples.y), -1).astype(np.float64)
    estimators = {
        "k nearest neighbours": KNeighborsClassifier(n_neighbors=1),
        "linear": SGDClassifier(loss="log_loss", random_state=seed),
        "support vectors": SVC(gamma=svc.GAMMA, C=svc.C),
        "perceptron": _perceptron(seed),
    }
    with threadpool_limits(1):  # as in `folds`
        return {
            name: Rate.of(cross_val_predict(estimator, rows, samples.y, cv=KFold(4)) == samples.y)
            for name, estimator in estimators.items()
        }


def with_own_training(standings: Sequence[Standing], small: Samples, small_name: str, seed: int) -> list[Standing]:
    """Add the column OWN. The shipped model stands there with what it reads without having seen any of them."""
    own = own_training(small, seed)
    result = []
    for standing in standings:
        name = standing.contender.name
        rate = standing.rates[small_name] if name == SHIPPED else own.get(name)
        rates = dict(standing.rates) | ({} if rate is None else {OWN: rate})
        result.append(Standing(standing.contender, standing.digits_a_second, rates))
    return result


def columns(standings: Sequence[Standing]) -> list[str]:
    """Names of the sets, in order."""
    return list(dict.fromkeys(name for standing in standings for name in standing.rates))


def places(standings: Sequence[Standing]) -> dict[str, tuple[int, str]]:
    """The shipped model's place in every column, from 1, and the name of the column's first."""
    found = {}
    for name in columns(standings):
        ranked = sorted((s for s in standings if name in s.rates), key=lambda s: -s.rates[name].share)
        place = 1 + next(at for at, standing in enumerate(ranked) if standing.contender.name == SHIPPED)
        found[name] = (place, ranked[0].contender.name)
    return found
