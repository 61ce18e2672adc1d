"""Name digits: the trained network, run by ONNX Runtime or, for whoever wants it, by Keras."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zipread.errors import DependencyError
from zipread.model import Network, load_network, model_folder, read_manifest
from zipread.normalize import NORMALIZATION_VERSION

BATCH = 64
"""Pictures scored at once: more costs memory and gains no speed."""


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
