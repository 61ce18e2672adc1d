"""k nearest neighbours: no training at all, the digits themselves are the model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import joblib
import numpy as np
from sklearn.neighbors import KNeighborsClassifier

from zipread.errors import InputError
from zipread.lab.road import plots
from zipread.lab.road.data import Samples
from zipread.lab.road.files import whole_file, write_csv
from zipread.lab.road.folds import Result, cross_validate
from zipread.lab.road.networks import Progress


def compare_k(
    samples: Samples, most: int, folds: int, shuffle: bool, seed: int, out: Path, progress: Progress
) -> list[Result]:
    """Accuracy against k = 1..`most`, as knn.csv and knn.png in `out`."""
    estimators = {str(k): KNeighborsClassifier(n_neighbors=k) for k in range(1, most + 1)}
    results = cross_validate(estimators, samples, folds, shuffle, seed, progress)
    title = f"k nearest neighbours, {folds}-fold, n = {len(samples.y):,}"
    plots.accuracy_against(
        out / "knn.png", [r.setting for r in results], [r.folds for r in results], "neighbours asked (k)", title
    )
    write_csv(out / "knn.csv", results)
    return results


def save(samples: Samples, k: int, path: Path) -> Path:
    """Fit on all samples and write the estimator with joblib, for `read`. The file is a pickle: open none of others'.

    Raises:
        UsageError: the file cannot be written.
    """
    estimator = KNeighborsClassifier(n_neighbors=k).fit(samples.x.reshape(len(samples.y), -1), samples.y)
    with whole_file(path) as partial:
        joblib.dump({"estimator": estimator, "shape": samples.x.shape[1:], "top": samples.top}, partial)
    return path


def load(path: Path) -> dict[str, Any]:
    """What `save` wrote. Runs whatever code a pickle holds: never for files of unknown origin.

    Raises:
        InputError: it is no such file.
    """
    try:
        saved = joblib.load(path)
        return {"estimator": saved["estimator"], "shape": saved["shape"], "top": saved["top"]}
    except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
        raise InputError(f"{path}: not a file that `lab knn --save` wrote ({error})") from error


def read(saved: dict[str, Any], pictures: np.ndarray) -> np.ndarray:
    """Name digits with a saved estimator.

    Args:
        saved: from `load`.
        pictures: (n, 28, 28) uint8, as the reader normalizes them.

    Returns:
        (n, 10) probabilities: the share of the neighbours asked.
    """
    height, width = saved["shape"]
    if (height, width) != (28, 28):
        pictures = np.stack(
            [cv2.resize(p[4:24, 4:24], (width, height), interpolation=cv2.INTER_AREA) for p in pictures]
        )
    scaled = np.round(pictures * (saved["top"] / 255.0))
    return np.asarray(saved["estimator"].predict_proba(scaled.reshape(len(pictures), -1)))
