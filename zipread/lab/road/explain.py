"""Why a network names a digit as it does: what every layer makes of the picture, and where the evidence lies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zipread.classify import load_classifier
from zipread.clean import separate_ink
from zipread.errors import InputError
from zipread.lab.road import plots
from zipread.load import load_pages
from zipread.model import model_folder
from zipread.normalize import SIDE
from zipread.reader import Reader, single_digit
from zipread.records import NOT_A_DIGIT, Page
from zipread.settings import MAX_PIXELS

PATCH = 5
"""Side of the square that is wiped out, pixels of the normalized digit."""

WIDE = 1.3
"""Ink that is this many times wider than high is a field; no digit is as wide."""

MAPS = 16
"""Feature maps drawn of a layer, the strongest first."""

Ask = Callable[[np.ndarray], np.ndarray]
"""(n, 28, 28) uint8 to (n, 11) probabilities."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One digit as the network sees it."""

    digit: int  # 0..9
    picture: np.ndarray  # (28, 28) uint8, its input
    scores: np.ndarray  # (11,) float32 probabilities; the last: not one digit
    evidence: np.ndarray  # (28, 28) float64, log-odds that the answer loses where its ink is wiped out


@dataclass(frozen=True, slots=True)
class Maps:
    """What one layer makes of a picture."""

    layer: str
    maps: np.ndarray  # (h, w, channels) float32


def digits_of(path: Path, model: Path | None, kind: str) -> list[np.ndarray]:
    """The normalized digits of a picture, each (28, 28) uint8: one, or those of the code that the reader finds.

    Args:
        path: picture of a digit or of a field.
        model: folder of another model than the shipped one.
        kind: "digit", "field", or "auto": by the shape of its ink.

    Raises:
        InputError: the picture cannot be read or holds nothing.
    """
    page = next(iter(load_pages(path, MAX_PIXELS)))
    if not isinstance(page, Page):
        raise InputError(f"{path}: {page.message}")
    if kind == "field" or (kind == "auto" and _is_wide(page.gray)):
        pictures = [digit.image for digit in Reader(model=model, layout="field").read_field(page.gray).digits]
    else:
        pictures = [picture] if (picture := single_digit(page.gray)).any() else []
    if not pictures:
        raise InputError(f"{path}: no digits found in it")
    return pictures


def _is_wide(gray: np.ndarray) -> bool:
    rows, columns = np.nonzero(separate_ink(gray)[1])
    return rows.size > 0 and bool(np.ptp(columns) > WIDE * np.ptp(rows))


def answer(picture: np.ndarray, ask: Ask) -> Answer:
    """Name a digit and find its evidence by occlusion (Zeiler & Fergus 2014).

    A square of PATCH pixels is wiped out at every place. How much the log-odds of the answer fall tells how much the
    answer rests on what was there; they rise where the ink spoke against it. Every pixel gets the mean of the squares
    that covered it. Log-odds rather than probabilities: near 1 a probability hardly moves.

    Args:
        picture: (28, 28) uint8.
        ask: the network.
    """
    scores = ask(picture[None])[0]
    digit = int(scores[:NOT_A_DIGIT].argmax())
    places = [(y, x) for y in range(1 - PATCH, SIDE) for x in range(1 - PATCH, SIDE)]
    squares = [(slice(max(0, y), y + PATCH), slice(max(0, x), x + PATCH)) for y, x in places]
    wiped = np.repeat(picture[None], len(squares), axis=0)
    for copy, square in zip(wiped, squares, strict=True):
        copy[square] = 0
    lost = _log_odds(scores[None], digit)[0] - _log_odds(ask(wiped), digit)
    evidence, covered = np.zeros((SIDE, SIDE)), np.zeros((SIDE, SIDE))
    for loss, square in zip(lost, squares, strict=True):
        evidence[square] += loss
        covered[square] += 1
    return Answer(digit, picture, scores, evidence / covered)


def _log_odds(scores: np.ndarray, digit: int) -> np.ndarray:
    own = np.clip(scores[:, digit].astype(np.float64), 1e-6, 1 - 1e-6)
    return np.log(own / (1 - own))


def feature_maps(picture: np.ndarray, folder: Path | None) -> list[Maps]:
    """What every layer that keeps the picture's plane makes of it, from the Keras model.

    Args:
        picture: (28, 28) uint8.
        folder: of the model; None: the shipped one.
    """
    import keras

    model = keras.saving.load_model((folder or model_folder()) / "digits.keras", compile=False)
    # Of a block only what leaves it: the rectified maps, sums and poolings.
    kinds = (keras.layers.Activation, keras.layers.Add, keras.layers.MaxPooling2D, keras.layers.Conv2D)
    flat = [
        layer
        for layer in model.layers
        if isinstance(layer, kinds) and len(layer.output.shape) == 4 and layer.output.shape[1] > 1
    ]
    shown = [layer for layer in flat if not _is_linear(layer)]
    outputs = keras.Model(model.inputs[0], [layer.output for layer in shown])(picture[None], training=False)
    return [Maps(layer.name, np.asarray(out)[0]) for layer, out in zip(shown, outputs, strict=True)]


def _is_linear(layer: object) -> bool:
    """Whether a convolution's output goes through an activation of its own later."""
    activation = getattr(layer, "activation", None)
    return getattr(activation, "__name__", "") == "linear"


def explain(path: Path, model: Path | None, kind: str, out: Path) -> list[Answer]:
    """Explain each digit of a picture; NAME-explained.png, and NAME-POSITION-maps.png for each digit, in `out`.

    Raises:
        InputError: the picture cannot be read or holds no digits.
        DependencyError: the model or Keras is missing.
        UsageError: a file cannot be written.
    """
    ask = load_classifier(folder=model).scores
    answers = [answer(picture, ask) for picture in digits_of(path, model, kind)]
    _draw_answers(out / f"{path.stem}-explained.png", answers)
    for position, given in enumerate(answers, 1):
        _draw_maps(out / f"{path.stem}-{position}-maps.png", feature_maps(given.picture, model))
    return answers


def _draw_answers(path: Path, answers: list[Answer]) -> None:
    """A row for each digit: what the network gets, where the evidence lies, the scores."""
    figure = plots.new_figure(7.2, 2.1 * len(answers))
    grid = figure.subplots(len(answers), 3, squeeze=False, width_ratios=(1, 1, 1.8))
    names = [*"0123456789", "none"]
    for (left, middle, right), given in zip(grid, answers, strict=True):
        left.imshow(given.picture, cmap="gray_r", interpolation="nearest")
        left.axis("off")
        left.set_title("input, 28×28", fontsize=8)
        plots.heat(middle, given.picture, given.evidence)
        middle.set_title(f"evidence for {given.digit} (red)", fontsize=8)
        right.bar(names, given.scores, color=["tab:red" if i == given.digit else "0.6" for i in range(len(names))])
        right.set(ylim=(0, 1), ylabel="score")
        right.set_title(f"{given.digit} with {given.scores[given.digit]:.3f}", fontsize=8)
    plots.save(figure, path)


def _draw_maps(path: Path, layers: list[Maps]) -> None:
    """A row for each layer: the maps with the most energy."""
    figure = plots.new_figure(0.6 * MAPS, 0.85 * len(layers))
    grid = figure.subplots(len(layers), MAPS, squeeze=False)
    for row, layer in zip(grid, layers, strict=True):
        strongest = np.argsort(-np.square(layer.maps).sum(axis=(0, 1)), kind="stable")
        for axes, channel in zip(row, strongest[:MAPS], strict=False):
            axes.imshow(layer.maps[:, :, channel], cmap="gray_r", interpolation="nearest")
        for axes in row:
            axes.axis("off")
        height, width, channels = layer.maps.shape
        title = row[0].set_title(f"{layer.layer}: {channels} of {height}×{width}", fontsize=7, loc="left")
        title.set_in_layout(False)  # it may stand over the neighbours
    plots.save(figure, path)
