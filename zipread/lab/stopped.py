"""What a stopped training needs to go on as if it had not stopped, and the weights that are exported."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from zipread.errors import InputError

AVERAGING = 0.998
"""Decay of the running average of the weights (Polyak & Juditsky 1992), which is what gets exported."""


def optimizer(steps: int, warmup: int, learning_rate: float, weight_decay: float) -> Any:
    """AdamW with a full cosine schedule (Loshchilov & Hutter 2017, 2019), keeping an average of the weights."""
    import keras

    schedule = keras.optimizers.schedules.CosineDecay(
        1e-5, steps, warmup_target=learning_rate, warmup_steps=warmup, alpha=1e-3
    )
    return keras.optimizers.AdamW(
        schedule, weight_decay=weight_decay, use_ema=True, ema_momentum=AVERAGING, ema_overwrite_frequency=None
    )


class Averaged:
    """`with Averaged(model):` the running average of the weights stands in for the weights."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def __enter__(self) -> None:
        from keras import ops

        self._raw = [ops.convert_to_numpy(v) for v in self._model.trainable_variables]
        self._model.optimizer.finalize_variable_values(self._model.trainable_variables)

    def __exit__(self, *_: object) -> None:
        for variable, value in zip(self._model.trainable_variables, self._raw, strict=True):
            variable.assign(value)


def save(model: Any, work: Path, name: str, recipe: dict[str, Any], done: int) -> None:
    """Keep weights, optimizer and place: `done` epochs or steps of a recipe."""
    model.save(work / f"stopped_{name}.keras")
    (work / f"stopped_{name}.json").write_text(json.dumps({"done": done, "made_of": _made_of(model, recipe)}))


def restore(model: Any, work: Path, name: str, recipe: dict[str, Any]) -> int:
    """Bring a model to where a run stopped; returns how much was done, 0 where nothing was.

    Raises:
        InputError: the stopped run had another recipe, or a network of another shape.
    """
    import keras

    state_file = work / f"stopped_{name}.json"
    if not state_file.exists():
        return 0
    state = json.loads(state_file.read_text())
    if state.get("made_of") != _made_of(model, recipe):
        raise InputError(
            f"{state_file}: the stopped run had another recipe or network; use its options and its zipread, or start "
            "without --resume"
        )
    ours = {getattr(model.loss, "__name__", ""): model.loss}  # Keras knows its own
    stopped = keras.saving.load_model(work / f"stopped_{name}.keras", custom_objects=ours)
    model.set_weights(stopped.get_weights())
    model.optimizer.build(model.trainable_variables)
    for mine, theirs in zip(model.optimizer.variables, stopped.optimizer.variables, strict=True):
        mine.assign(theirs)
    return int(state["done"])


def _made_of(model: Any, recipe: dict[str, Any]) -> dict[str, Any]:
    """What a run must share with a stopped one to go on with it."""
    return {**recipe, "parameters": int(model.count_params())}


def keep_record(model: Any, out: Path, name: str) -> None:
    """Write the model of record, `name`.keras."""
    model.compile()  # the optimizer's state has no place in it
    model.save(out / f"{name}.keras")


def export(model: Any, out: Path, name: str, shape: tuple[int | None, ...], pictures: str) -> None:
    """Write the model of record, `name`.keras, and what the reader runs, `name`.onnx.

    `shape` and `pictures` are the shape and the name of the network's uint8 input.
    """
    import keras

    keep_record(model, out, name)
    signature = [keras.InputSpec(dtype="uint8", shape=shape, name=pictures)]
    model.export(out / f"{name}.onnx", format="onnx", input_signature=signature, verbose=False)
