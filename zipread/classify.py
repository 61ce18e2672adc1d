"""Name digits: the trained network, run by ONNX Runtime or, for whoever wants it, by Keras."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from zipread.errors import DependencyError
from zipread.model import Network, load_network, model_folder, read_manifest
from zipread.normalize import NORMALIZATION_VERSION, SIDE

BATCH = 64
"""Pictures scored at once: more costs memory and gains no speed."""

SHEAR, TURN = 0.15, 0.1
"""How far a single digit is sheared, columns a row, and turned, radians, either way, to be seen again."""

MIDDLE = np.array([(SIDE - 1) / 2] * 2)
"""Of a normalized digit, (x, y)."""

LEAST_SCORE = 1e-6
"""Probability below which one view of a digit does not say more against a name."""


@dataclass(frozen=True, slots=True)
class Classifier:
    """The network that names digits."""

    network: Network
    manifest: dict[str, Any]

    def scores(self, digits: np.ndarray) -> np.ndarray:
        """Name normalized digits.

        Args:
            digits: (n, 28, 28) uint8, light on black.

        Returns:
            (n, 11) float32 probabilities; the last column: not one digit.

        Raises:
            ValueError: `digits` has another shape or type.
        """
        if digits.ndim != 3 or digits.shape[1:] != (28, 28) or digits.dtype != np.uint8:
            raise ValueError(f"digits are (n, 28, 28) uint8, not {digits.shape} {digits.dtype}")
        if len(digits) == 0:
            return np.zeros((0, 11), np.float32)
        parts = [self.network(digits[first : first + BATCH]) for first in range(0, len(digits), BATCH)]
        return np.concatenate(parts).astype(np.float32, copy=False)

    def patient_scores(self, digits: np.ndarray) -> np.ndarray:
        """Name normalized digits that stand alone, each as it is, sheared and turned: five times the work.

        The views' probabilities are pooled as logarithms (Genest & Zidek, Statistical Science 1986). Of digits by
        writers that trained nothing a twentieth to a fifth fewer are named wrongly; in a line, what the second reader
        leaves to be decided is not helped by it.

        Args and errors are those of `scores`; so is what is returned.
        """
        seen = [self.scores(digits)]
        seen += [self.scores(view) for view in _moved(digits)]
        pooled = np.exp(np.mean(np.log(np.maximum(seen, LEAST_SCORE)), axis=0))
        scores: np.ndarray = pooled / pooled.sum(axis=1, keepdims=True)
        return scores


def _moved(digits: np.ndarray) -> list[np.ndarray]:
    """Pictures (n, 28, 28) uint8 sheared to either side, and turned to either side, about their middle."""
    cosine, sine = math.cos(TURN), math.sin(TURN)
    ways = [
        (1.0, SHEAR, 0.0, 1.0),
        (1.0, -SHEAR, 0.0, 1.0),
        (cosine, -sine, sine, cosine),
        (cosine, sine, -sine, cosine),
    ]
    views = []
    for way in ways:
        move = np.array(way).reshape(2, 2)
        about_middle = np.column_stack([move, MIDDLE - move @ MIDDLE])
        views.append(
            np.array([cv2.warpAffine(d, about_middle, d.shape) for d in digits], np.uint8).reshape(digits.shape)
        )
    return views


def load_classifier(engine: str = "onnx", folder: Path | None = None) -> Classifier:
    """Load the network once; keep it for as many pictures as there are.

    Args:
        engine: "onnx" or "keras".
        folder: where digits.onnx or digits.keras and manifest.json lie; None: the model that ships.

    Raises:
        DependencyError: a file is missing, damaged, or made for another normalization; or Keras is not installed.
    """
    folder = folder or model_folder()
    manifest = read_manifest(folder)
    network = load_network(folder, "digits", engine, manifest)
    if manifest.get("normalization") != NORMALIZATION_VERSION:
        raise DependencyError(f"{folder}: the model was trained for another normalization; train again")
    return Classifier(network, manifest)
