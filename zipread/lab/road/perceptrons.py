"""Fully connected networks of one, two and three hidden layers, in scikit-learn."""

from __future__ import annotations

from pathlib import Path

from sklearn.neural_network import MLPClassifier

from zipread.lab.road import plots
from zipread.lab.road.data import Samples
from zipread.lab.road.files import write_csv
from zipread.lab.road.folds import Result, cross_validate
from zipread.lab.road.networks import Progress

SIZES: dict[int, tuple[tuple[int, ...], ...]] = {
    1: ((8,), (16,), (32,), (64,), (128,), (256,)),
    2: ((64, 64), (128, 128), (256, 256)),
    3: ((10, 10, 10), (64, 64, 64), (128, 128, 128)),
}
"""Neurons in each hidden layer, by the number of layers."""

FOLDS = {1: 4, 2: 4, 3: 6}


def compare_sizes(
    samples: Samples, layers: int, folds: int | None, rounds: int, shuffle: bool, seed: int, out: Path,
    progress: Progress,
) -> list[Result]:  # fmt: skip
    """Accuracy against size, as mlp-LAYERS.csv and .png in `out`.

    Args:
        samples: what is learned and asked.
        layers: 1, 2 or 3 hidden ones.
        folds: None: as many as the classic experiment took.
        rounds: limit of each training.
        shuffle: whether folds are dealt at random.
        seed: of the first weights and the shuffling.
        out: folder of the files.
        progress: called after each size.
    """
    folds = folds or FOLDS[layers]
    estimators = {
        "×".join(map(str, sizes)): MLPClassifier(sizes, max_iter=rounds, random_state=seed) for sizes in SIZES[layers]
    }
    results = cross_validate(estimators, samples, folds, shuffle, seed, progress)
    title = f"{layers} hidden layer{'s' if layers > 1 else ''}, {folds}-fold, n = {len(samples.y):,}"
    plots.accuracy_against(
        out / f"mlp-{layers}.png", [r.setting for r in results], [r.folds for r in results], "neurons", title
    )
    write_csv(out / f"mlp-{layers}.csv", results)
    return results
