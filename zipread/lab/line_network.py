"""The second reader's network: columns of a line to digits, in Keras."""

from __future__ import annotations

from typing import Any

from zipread.records import NOT_A_DIGIT as NOTHING
from zipread.sequence import ROWS

HEADS, HEAD = 4, 32
"""Attention heads of a block, and numbers each compares columns by."""

FRAMES_SHARE = 0.5
"""Weight of the columns' cross-entropy beside the strings' CTC loss: it aligns from the first step on."""

HAND_SHARE = 0.1
"""Weight of telling handwriting from print, beside these."""


def build() -> Any:
    """The second reader, untrained: about 0.6 M parameters, for lines of any width that is a multiple of 16.

    Of what `features` gives, each column names two columns (sub-pixel output, after Shi et al., CVPR 2016), and says
    whether they are handwritten.

    Returns:
        A keras.Model from (n, 32, w) uint8 lines to (n, w / 2, 12) float32 probabilities: of ten digits and none, which
        add up to 1, and of handwriting.
    """
    from keras import Input, Model, layers

    lines = Input((ROWS, None), dtype="uint8", name="lines")
    x = features(lines)
    names = named(x, NOTHING + 1)
    by_hand = layers.Reshape((-1, 1))(layers.Dense(2, activation="sigmoid")(x))
    return Model(lines, layers.Concatenate(name="columns")([names, by_hand]), name="zipread_lines")


def features(lines: Any) -> Any:
    """What a network of columns makes of lines (n, 32, w) uint8: (n, w / 4, 128).

    The picture is halved in both directions until it is one row of columns four pixels apart, each of which sees 57
    pixels, nearly three digit heights. Then every column attends to all of the line (Vaswani et al., NeurIPS 2017;
    normalized first, as Xiong et al., ICML 2020): whether a stroke with a hook is a one or a seven, the other digits of
    the same hand may tell.
    """
    from keras import layers, ops

    def block(x: Any, filters: int, size: Any = 3, strides: Any = 1, padding: str = "same") -> Any:
        x = layers.Conv2D(filters, size, strides=strides, padding=padding, use_bias=False)(x)
        return layers.Activation("relu")(layers.BatchNormalization()(x))

    # Gray levels as they are: the first normalization scales them, in no time.
    x = ops.cast(ops.expand_dims(lines, -1), "float32")
    x = block(x, 24, size=5, strides=2)
    x = block(x, 48, strides=2)
    x = block(x, 64)
    x = block(x, 96, strides=(2, 1))
    x = layers.Add()([x, block(x, 96)])
    x = block(x, 128, size=(4, 1), padding="valid")
    x = layers.Add()([x, block(x, 128, size=(1, 3))])
    x = layers.Add()([x, block(x, 128, size=(1, 5))])
    x = layers.Reshape((-1, 128))(x)
    for _ in range(2):
        y = layers.LayerNormalization()(x)
        x = layers.Add()([x, layers.MultiHeadAttention(HEADS, HEAD)(y, y)])
        y = layers.Dense(192, activation="relu")(layers.LayerNormalization()(x))
        x = layers.Add()([x, layers.Dense(128)(y)])
    return layers.Dropout(0.1)(x)


def named(x: Any, names: int, name: str | None = None) -> Any:
    """Probabilities (n, 2 t, names) of what each column shows, two for each of the features (n, t, c)."""
    from keras import layers

    return layers.Softmax(name=name)(layers.Reshape((-1, names))(layers.Dense(2 * names)(x)))


def line_loss(truth: Any, columns: Any) -> Any:
    """CTC (Graves et al. 2006) for the strings, and cross-entropy for the columns and for handwriting where digits are.

    Args:
        truth: (n, t + 11) what each column shows, the code padded with 255, and 1 for handwriting.
        columns: (n, t, 12) probabilities.

    Returns:
        (n,) losses.
    """
    from keras import ops

    steps = columns.shape[1] or ops.shape(columns)[1]
    shown, codes = ops.cast(truth[:, :steps], "int32"), ops.cast(truth[:, steps:-1], "int32")
    lengths = ops.sum(ops.cast(codes < NOTHING, "int32"), axis=1)
    logs = ops.log(ops.maximum(columns[..., :-1], 1e-7))
    frames = -ops.mean(ops.sum(ops.one_hot(shown, NOTHING + 1) * logs, axis=2), axis=1)
    whole = ops.full_like(lengths, steps)
    strings = ops.ctc_loss(ops.where(codes < NOTHING, codes, 0), logs, lengths, whole, mask_index=NOTHING)
    said = ops.where(truth[:, -1:] > 0, columns[..., -1], 1.0 - columns[..., -1])
    digits = ops.cast(shown < NOTHING, "float32")
    hands = -ops.sum(digits * ops.log(ops.maximum(said, 1e-7)), axis=1) / ops.maximum(ops.sum(digits, axis=1), 1.0)
    return strings / 10.0 + FRAMES_SHARE * frames + HAND_SHARE * hands
