"""The classifier: one small convolutional network in Keras."""

from __future__ import annotations

from typing import Any

CLASSES = 11
"""Ten digits and "not one digit"."""


def build() -> Any:
    """The network, untrained: 0.18 M parameters.

    A first layer of few filters at full resolution keeps thin strokes, and costs little; strided convolutions instead
    of pooling, and a learned weighting of the last 7×7 map instead of averaging.

    Returns:
        A keras.Model from (n, 28, 28) uint8 pictures, light digit on black, to (n, 11) float32 probabilities.
    """
    from keras import Input, Model, layers, ops

    def block(x: Any, filters: int, strides: int = 1) -> Any:
        x = layers.Conv2D(filters, 3, strides=strides, padding="same", use_bias=False)(x)
        return layers.Activation("relu")(layers.BatchNormalization()(x))

    pictures = Input((28, 28), dtype="uint8", name="pictures")
    # Gray levels as they are: the first normalization scales them, in no time.
    x = ops.cast(ops.expand_dims(pictures, -1), "float32")
    x = block(x, 16)
    x = block(x, 32, strides=2)
    x = block(x, 48)
    x = block(x, 80, strides=2)
    x = layers.Add()([x, block(x, 80)])
    x = layers.Add()([x, block(x, 80)])
    x = layers.DepthwiseConv2D(7)(x)
    x = layers.Flatten()(x)
    x = layers.Dropout(0.25)(layers.Dense(112, activation="relu")(x))
    scores = layers.Dense(CLASSES, activation="softmax", name="scores")(x)
    return Model(pictures, scores, name="zipread_digits")
