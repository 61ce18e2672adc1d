"""Name digits: the trained network, run by ONNX Runtime or, for whoever wants it, by Keras."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from zipread.errors import DependencyError
from zipread.normalize import NORMALIZATION_VERSION

BATCH = 64
"""Pictures scored at once: more costs memory and gains no speed."""


class Classifier(Protocol):
    """Whatever gives probabilities for normalized digits."""

    manifest: dict[str, Any]

    def scores(self, digits: np.ndarray) -> np.ndarray:
        """(n, 28, 28) uint8, light on black, to (n, 11) float32 probabilities; the last column: not one digit."""
        ...


class OnnxClassifier:
    """The network in ONNX Runtime, on one thread."""

    def __init__(self, model: Path, manifest: dict[str, Any]) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        except onnxruntime.capi.onnxruntime_pybind11_state.Fail as error:
            raise DependencyError(f"{model}: ONNX Runtime cannot load the model ({error})") from error
        self._input = self._session.get_inputs()[0].name
        self.manifest = manifest

    def scores(self, digits: np.ndarray) -> np.ndarray:
        """See Classifier."""
        return _in_batches(digits, lambda part: self._session.run(None, {self._input: part})[0])


class KerasClassifier:
    """The model of record in Keras: the same scores, slower to start. Needs the extra [train]."""

    def __init__(self, model: Path, manifest: dict[str, Any]) -> None:
        try:
            import keras
        except ImportError as error:
            raise DependencyError("--engine keras needs Keras and TensorFlow: pip install 'zipread[train]'") from error
        self._model = keras.saving.load_model(model)
        self.manifest = manifest

    def scores(self, digits: np.ndarray) -> np.ndarray:
        """See Classifier."""
        return _in_batches(digits, lambda part: np.asarray(self._model(part, training=False)))


def _in_batches(digits: np.ndarray, run: Any) -> np.ndarray:
    if digits.ndim != 3 or digits.shape[1:] != (28, 28) or digits.dtype != np.uint8:
        raise ValueError(f"digits are (n, 28, 28) uint8, not {digits.shape} {digits.dtype}")
    if len(digits) == 0:
        return np.zeros((0, 11), np.float32)
    parts = [run(digits[first : first + BATCH]) for first in range(0, len(digits), BATCH)]
    return np.concatenate(parts).astype(np.float32, copy=False)


def model_folder() -> Path:
    """Where the shipped model lies: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parent
    installed = package / "models"
    return installed if installed.is_dir() else package.parent / "models"


def load_classifier(engine: str = "onnx", folder: Path | None = None) -> Classifier:
    """Load the network once; keep it for as many pictures as there are.

    Args:
        engine: "onnx" or "keras".
        folder: where digits.onnx or digits.keras and manifest.json lie; None: the model that ships.

    Raises:
        DependencyError: a file is missing, damaged, or made for another normalization; or Keras is not installed.
    """
    folder = folder or model_folder()
    name = {"onnx": "digits.onnx", "keras": "digits.keras"}[engine]
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    except (OSError, json.JSONDecodeError) as error:
        raise DependencyError(
            f"{folder}: no usable model there ({error}); reinstall zipread, or give --model"
        ) from error
    if manifest.get("sha256", {}).get(name) != digest:
        raise DependencyError(f"{folder / name}: is not the file the manifest describes; reinstall or train again")
    if manifest.get("normalization") != NORMALIZATION_VERSION:
        raise DependencyError(f"{folder}: the model was trained for another normalization; train again")
    kind = OnnxClassifier if engine == "onnx" else KerasClassifier
    return kind(folder / name, manifest)
