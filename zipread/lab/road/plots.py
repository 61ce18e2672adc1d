"""Plots as PNG files: pictures of digits unsmoothed, curves, confusion heatmaps. Drawn without a display."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from zipread.lab.road.files import whole_file
from zipread.lab.road.networks import Period

DPI = 90


def new_figure(width: float, height: float) -> Figure:
    """An empty figure; inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save(figure: Figure, path: Path) -> Path:
    """Write a figure as PNG.

    Raises:
        UsageError: the file cannot be written.
    """
    with whole_file(path) as partial:
        figure.savefig(partial, format="png", dpi=DPI)
    return path


def pictures(
    path: Path, images: Sequence[np.ndarray], captions: Sequence[str], columns: int, title: str = "",
    signed: bool = False,
) -> Path:  # fmt: skip
    """A grid of pictures, every pixel a square.

    Args:
        path: where to.
        images: (h, w) arrays; `signed` ones are drawn blue below 0 and red above, others dark where high.
        captions: one for each, or none at all.
        columns: pictures in a row.
        title: above all.
        signed: whether 0 is the middle of the scale.
    """
    rows = -(-len(images) // columns)
    figure = new_figure(columns * 0.95, rows * (1.15 if captions else 0.95) + (0.3 if title else 0))
    figure.suptitle(title, fontsize=10)
    for index, axes in enumerate(figure.subplots(rows, columns, squeeze=False).flat):
        axes.axis("off")
        if index < len(images):
            far = float(np.abs(images[index]).max()) or 1.0
            low, color = (-far, "coolwarm") if signed else (0.0, "gray_r")
            axes.imshow(images[index], cmap=color, interpolation="nearest", vmin=low, vmax=far)
            axes.set_title(captions[index] if captions else "", fontsize=7, pad=2)
    return save(figure, path)


def accuracy_against(
    path: Path, names: Sequence[str], folds: Sequence[Sequence[float]], xlabel: str, title: str
) -> Path:
    """Mean accuracy of each setting, with every fold as a dot."""
    figure = new_figure(6, 3.4)
    axes = figure.subplots()
    places = np.arange(len(names))
    for place, values in zip(places, folds, strict=True):
        axes.plot([place] * len(values), values, ".", color="0.6")
    axes.plot(places, [np.mean(values) for values in folds], "o-", color="tab:blue", label="mean of the folds")
    axes.plot([], [], ".", color="0.6", label="one fold")
    axes.set_xticks(places, names)
    axes.set(xlabel=xlabel, ylabel="accuracy", title=title)
    axes.legend()
    axes.grid(alpha=0.3)
    return save(figure, path)


def curves(path: Path, periods: Sequence[Period], title: str, xlabel: str = "epoch") -> Path:
    """Log loss and accuracy over training, for the digits that train and for other writers'."""
    figure = new_figure(8, 3.2)
    at = [period.period for period in periods]
    for axes, name in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        axes.plot(at, [getattr(period, name) for period in periods], label="training")
        axes.plot(at, [getattr(period, f"validation_{name}") for period in periods], label="other writers")
        axes.set(xlabel=xlabel, ylabel="log loss" if name == "loss" else name)
        axes.grid(alpha=0.3)
        axes.legend()
    figure.suptitle(title, fontsize=10)
    return save(figure, path)


def confusion(path: Path, truth: np.ndarray, answers: np.ndarray, title: str) -> Path:
    """What was taken for what, as a heatmap; the color tells the share of the row, the number counts.

    Args:
        path: where to.
        truth: (n,) 0..9.
        answers: (n,) 0..9.
        title: above it.
    """
    from sklearn.metrics import ConfusionMatrixDisplay, confusion_matrix

    counts = confusion_matrix(truth, answers, labels=range(10))
    figure = new_figure(4.6, 4.4)
    axes = figure.subplots()
    shown = ConfusionMatrixDisplay(counts, display_labels=range(10))
    # Mistakes are few beside right answers: on a linear scale they would all look like none.
    shown.plot(
        ax=axes, cmap="Blues", colorbar=False, values_format="d", im_kw={"norm": "symlog"}, text_kw={"fontsize": 7}
    )
    axes.set_title(title, fontsize=10)
    return save(figure, path)


def heat(axes: object, picture: np.ndarray, evidence: np.ndarray) -> None:
    """A picture with what speaks for (red) and against (blue) an answer laid over it."""
    far = float(np.abs(evidence).max()) or 1.0
    axes.imshow(picture, cmap="gray_r", interpolation="nearest")  # type: ignore[attr-defined]
    axes.imshow(evidence, cmap="coolwarm", vmin=-far, vmax=far, alpha=0.55, interpolation="nearest")  # type: ignore[attr-defined]
    axes.axis("off")  # type: ignore[attr-defined]
