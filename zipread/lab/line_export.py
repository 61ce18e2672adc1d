"""The second reader's network as ONNX Runtime runs it fastest.

Exporters spell attention and normalization out in some two hundred small operations on shapes, which take as long as
half of the convolutions. Here the convolutions are exported, and what follows them is written in the operations that
ONNX has for it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from onnx import GraphProto

OPSET = 17
"""Version of ONNX's operators, the first that has layer normalization."""
ACTIVATIONS = {"relu": "Relu", "sigmoid": "Sigmoid"}
"""Keras's activations as ONNX's operators."""


def export_lines(model: Any, path: Path) -> None:
    """Write the network of `line_network.build` as an ONNX file.

    Args:
        model: the network, trained.
        path: of the file.

    Raises:
        TypeError: after the convolutions stands a layer or an activation that is not known here.
    """
    import keras
    import onnx

    first = next(i for i, layer in enumerate(model.layers) if isinstance(layer, keras.layers.LayerNormalization))
    rows = model.layers[first - 1]  # (n, 1, t, c) to (n, t, c)
    signature = [keras.InputSpec(dtype="uint8", shape=model.input.shape, name="lines")]
    convolutions = keras.Model(model.input, rows.input)
    convolutions.export(path, format="onnx", input_signature=signature, opset_version=OPSET, verbose=False)
    whole = onnx.load(path)
    tail = _Tail(whole.graph, rows.output)
    for layer in model.layers[first:]:
        tail.add(layer)
    tail.end(model.output, "columns")
    onnx.checker.check_model(whole, full_check=True)
    onnx.save(whole, path)


class _Tail:
    """What follows the convolutions, written at the end of a graph, layer by layer."""

    def __init__(self, graph: GraphProto, begins: Any) -> None:
        self._graph = graph
        self._names = {id(begins): self._node("Squeeze", graph.output[0].name, np.array([1]))}

    def add(self, layer: Any) -> None:
        """Write one more layer, whose inputs are written."""
        tensors = layer.input if isinstance(layer.input, list) else [layer.input]
        self._names[id(layer.output)] = self._written(layer, [self._names[id(tensor)] for tensor in tensors])

    def _written(self, layer: Any, inputs: list[str]) -> str:
        kind = type(layer).__name__
        weights = [np.asarray(weight) for weight in layer.get_weights()]
        writers: dict[str, Callable[[], str]] = {
            "LayerNormalization": lambda: self._node(kind, *inputs, *weights, axis=-1, epsilon=layer.epsilon),
            "MultiHeadAttention": lambda: self._attention(inputs[0], *weights),
            "Dense": lambda: self._activated(layer, self._affine(inputs[0], *weights)),
            "Add": lambda: self._node("Add", *inputs),
            "Reshape": lambda: self._node("Reshape", *inputs, np.array([0, *layer.target_shape])),
            "Softmax": lambda: self._node("Softmax", *inputs, axis=-1),
            "Concatenate": lambda: self._node("Concat", *inputs, axis=layer.axis),
            "Dropout": lambda: inputs[0],
        }
        if kind not in writers:
            raise TypeError(f"{layer.name}: how a {kind} layer is written in ONNX is not known")
        return writers[kind]()

    def _activated(self, layer: Any, result: str) -> str:
        activation = layer.activation.__name__
        if activation == "linear":
            return result
        if activation not in ACTIVATIONS:
            raise TypeError(f"{layer.name}: how the activation {activation} is written in ONNX is not known")
        return self._node(ACTIVATIONS[activation], result)

    def end(self, result: Any, name: str) -> None:
        """Make the graph's output of a tensor that is written."""
        from onnx import TensorProto, helper

        del self._graph.output[:]
        self._graph.node.append(helper.make_node("Identity", [self._names[id(result)]], [name]))
        self._graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["lines", "columns", None]))

    def _attention(self, of: str, *weights: np.ndarray) -> str:
        """Attention of every column to all of the line: queries, keys and values by one product of matrices."""
        *projections, out, out_bias = weights
        features, heads, size = projections[0].shape
        projections[0], projections[1] = projections[0] / math.sqrt(size), projections[1] / math.sqrt(size)
        kernel = np.concatenate([k.reshape(features, -1) for k in projections[0::2]], axis=1)
        bias = np.concatenate([b.reshape(-1) for b in projections[1::2]])
        split = self._node("Reshape", self._affine(of, kernel, bias), np.array([0, 0, 3, heads, size]))
        heads_first, keys_upright = [0, 2, 1, 3], [0, 2, 3, 1]
        query, key, value = (
            self._node("Transpose", self._node("Gather", split, np.array(which), axis=2), perm=order)
            for which, order in enumerate((heads_first, keys_upright, heads_first))
        )
        shares = self._node("Softmax", self._node("MatMul", query, key), axis=-1)
        seen = self._node("Transpose", self._node("MatMul", shares, value), perm=[0, 2, 1, 3])
        joined = self._node("Reshape", seen, np.array([0, 0, heads * size]))
        return self._affine(joined, out.reshape(heads * size, -1), out_bias)

    def _affine(self, to: str, kernel: np.ndarray, bias: np.ndarray) -> str:
        return self._node("Add", self._node("MatMul", to, kernel), bias)

    def _node(self, operator: str, *inputs: str | np.ndarray, **attributes: Any) -> str:
        """Write an operation whose inputs are results of others or constants; returns the name of its result."""
        from onnx import helper, numpy_helper

        name = f"tail_{len(self._graph.node)}"
        names = []
        for place, given in enumerate(inputs):
            if isinstance(given, np.ndarray):
                constant = numpy_helper.from_array(given.copy(order="C"), f"{name}_{place}")
                self._graph.initializer.append(constant)
                names.append(constant.name)
            else:
                names.append(given)
        self._graph.node.append(helper.make_node(operator, names, [name], name, **attributes))
        return name
