"""The folder of a model: which files it holds, whether they are whole, and the networks in them, ready to run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from zipread.errors import DependencyError

Network = Callable[[np.ndarray], np.ndarray]
"""A network: a batch of uint8 pictures to a batch of float32 scores."""


def model_folder() -> Path:
    """Where the shipped model lies: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parent
    installed = package / "models"
    return installed if installed.is_dir() else package.parent / "models"


def read_manifest(folder: Path) -> dict[str, Any]:
    """What a model folder says of itself. Raises DependencyError where there is none."""
    try:
        manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise DependencyError(
            f"{folder}: no usable model there ({error}); reinstall zipread, or give --model"
        ) from error
    return manifest


def load_network(folder: Path, name: str, engine: str, manifest: dict[str, Any]) -> Network:
    """Load one network of a model folder.

    Args:
        folder: where the files lie.
        name: "digits", "lines", "letters", "finder" or "finder_abroad".
        engine: "onnx" runs the exported network on one thread; "keras" the model of record, slower to start.
        manifest: what `read_manifest` gave for the folder.

    Raises:
        DependencyError: the file is missing, is not the one the manifest describes, or Keras is not installed.
    """
    path = folder / f"{name}.{engine}"
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise DependencyError(
            f"{folder}: no usable model there ({error}); reinstall zipread, or give --model"
        ) from error
    if manifest.get("sha256", {}).get(path.name) != digest:
        raise DependencyError(f"{path}: is not the file the manifest describes; reinstall or train again")
    return _onnx(path) if engine == "onnx" else _keras(path)


def load_optional(folder: Path | None, name: str, engine: str) -> Network | None:
    """Load one network of a model folder, or None where the manifest does not name it.

    Args:
        folder: where the files lie; None: the model that ships.
        name: as `load_network` takes it.
        engine: "onnx" or "keras".

    Raises:
        DependencyError: the manifest names the network, and its file is missing or damaged; or Keras is not installed.
    """
    folder = folder or model_folder()
    manifest = read_manifest(folder)
    if f"{name}.{engine}" not in manifest.get("sha256", {}):
        return None
    return load_network(folder, name, engine, manifest)


def _onnx(path: Path) -> Network:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except onnxruntime.capi.onnxruntime_pybind11_state.Fail as error:
        raise DependencyError(f"{path}: ONNX Runtime cannot load the model ({error})") from error
    name = session.get_inputs()[0].name

    def run(batch: np.ndarray) -> np.ndarray:
        scores: np.ndarray = session.run(None, {name: batch})[0]
        return scores

    return run


def _keras(path: Path) -> Network:
    try:
        import keras
    except ImportError as error:
        raise DependencyError("--engine keras needs Keras and TensorFlow: pip install 'zipread[train]'") from error
    model = keras.saving.load_model(path, compile=False)
    return lambda batch: np.asarray(model(batch, training=False))
