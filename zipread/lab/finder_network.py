"""The finder's network: where on a small picture of a page the code stands, in Keras."""

from __future__ import annotations

from typing import Any

from zipread.finder import CHANNELS

SHAPE_WEIGHT = 0.5
"""Weight of where exactly and how large beside where at all."""


def build() -> Any:
    """The network, untrained: 0.26 M parameters, for pages of any size that is a multiple of 32.

    An hourglass: halved five times, so that a cell sees most of a page, then brought up to cells of 8 pixels again
    and added to what was seen there (after Lin et al., Feature pyramid networks, CVPR 2017). Few filters see the page
    while it is large, and residual blocks are narrow inside: as wide as what they add to, they took half of the time.

    Returns:
        A keras.Model from (n, h + 3, w + 3, 1) uint8 pages, as `finder.bordered` makes them, to (n, h / 8, w / 8, 8)
        float32, as `finder.places_in` takes them.
    """
    from keras import Input, Model, layers, ops

    def block(x: Any, filters: int, size: int = 3, strides: int = 1, padding: str = "same") -> Any:
        x = layers.Conv2D(filters, size, strides=strides, padding=padding, use_bias=False)(x)
        return layers.Activation("relu")(layers.BatchNormalization()(x))

    def residual(x: Any, filters: int, inside: int) -> Any:
        y = layers.Conv2D(filters, 3, padding="same", use_bias=False)(block(x, inside))
        return layers.Activation("relu")(layers.Add()([x, layers.BatchNormalization()(y)]))

    pages = Input((None, None, 1), dtype="uint8", name="pages")
    # Gray levels as they are: the first normalization scales them, in no time.
    x = block(ops.cast(pages, "float32"), 16, size=5, strides=2, padding="valid")
    x = block(x, 16, strides=2)
    eighth = residual(block(x, 32, strides=2), 32, 16)
    sixteenth = residual(residual(block(eighth, 64, strides=2), 64, 16), 64, 16)
    x = residual(residual(block(sixteenth, 96, strides=2), 96, 32), 96, 32)
    x = layers.Add()([sixteenth, layers.UpSampling2D(2)(layers.Conv2D(64, 1)(x))])
    x = layers.Add()([eighth, layers.UpSampling2D(2)(layers.Conv2D(32, 1)(x))])
    return Model(pages, layers.Conv2D(CHANNELS, 1, name="cells")(residual(x, 32, 16)), name="zipread_finder")


def page_loss(truth: Any, cells: Any) -> Any:
    """Cross-entropy of the places, "nowhere" among them, and absolute errors of the code's middle, size and direction.

    Args:
        truth: (n, h / 8, w / 8, 8) float32, as `finder_train.cells_of` makes it.
        cells: the network's answer, of that shape.

    Returns:
        (n,) losses.
    """
    from keras import ops

    near = ops.reshape(truth[..., 0], (ops.shape(truth)[0], -1))
    scores = ops.reshape(cells[..., 0], (ops.shape(cells)[0], -1))
    nowhere = ops.mean(cells[..., 7], axis=(1, 2))[:, None]
    logs = ops.log_softmax(ops.concatenate([scores, nowhere], axis=1), axis=1)
    none = 1.0 - ops.sum(near, axis=1, keepdims=True)
    where = -ops.sum(ops.concatenate([near, none], axis=1) * logs, axis=1)
    off = ops.sum(ops.abs(truth[..., 1:7] - cells[..., 1:7]), axis=3)
    return where + SHAPE_WEIGHT * ops.sum(truth[..., 0] * off, axis=(1, 2))
