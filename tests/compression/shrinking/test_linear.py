"""Every layer with units of its own loses them, and those that it reads."""

import keras
import numpy as np
import pytest

from keras_trainkit.compression import shrink
from keras_trainkit.compression.shrinking.linear import pads
from tests.helpers.dead_weights import filled
from tests.helpers.dead_weights import inputs_of
from tests.helpers.dead_weights import kill

layers = keras.layers
pytestmark = pytest.mark.one_backend
IMAGE, SERIES, VOLUME = (10, 10, 3), (7, 3), (4, 4, 4, 2)
# What makes units, what reads them, the input; what a constant does.
PAIRS = {
    "Conv1D": (layers.Conv1D, SERIES, {"kernel_size": 3}),
    "causal": (layers.Conv1D, SERIES, {"kernel_size": 3, "padding": "causal"}),
    "dilated": (layers.Conv1D, SERIES, {"kernel_size": 2, "dilation_rate": 2}),
    "Conv2D": (layers.Conv2D, IMAGE, {"kernel_size": 2, "strides": 2}),
    "same": (layers.Conv2D, IMAGE, {"kernel_size": 3, "padding": "same"}),
    "pointwise": (layers.Conv2D, IMAGE, {"kernel_size": 1, "padding": "same"}),
    "Conv3D": (layers.Conv3D, VOLUME, {"kernel_size": 2}),
    "Separable": (layers.SeparableConv2D, IMAGE, {"kernel_size": 2}),
    "Separable1D": (layers.SeparableConv1D, SERIES, {"kernel_size": 2}),
    "Transposed1D": (layers.Conv1DTranspose, SERIES, {"kernel_size": 2}),
    "Transposed": (layers.Conv2DTranspose, IMAGE, {"kernel_size": 2}),
    "first": (
        layers.Conv2D,
        (3, 6, 6),
        {"kernel_size": 2, "data_format": "channels_first"},
    ),
}
FOLDS = {"Conv1D", "dilated", "Conv2D", "pointwise", "Conv3D", "first"}
FOLDS |= {"Separable", "Separable1D"}


def pair(kind):
    maker, shape, options = PAIRS[kind]
    x = keras.Input(shape)
    y = maker(5, activation="relu", name="a", **options)(x)
    y = maker(4, name="b", use_bias=False, **options)(y)
    return filled(keras.Model(x, maker(2, name="c", **options)(y)))


@pytest.mark.parametrize("kind", PAIRS)
def test_zeros_go_and_constants_where_a_bias_can_hold_them(kind):
    model = pair(kind)
    kill(model.get_layer("a"), [0, 2], [0.0, 0.8])
    kill(model.get_layer("b"), [3])
    x = inputs_of(model, rows=2)

    shrinking = shrink(model, x)

    sizes = {one.path: one.after for one in shrinking.removed}
    assert sizes == {"a": 3 if kind in FOLDS else 4, "b": 3}
    assert ("a" in shrinking.left) == (kind not in FOLDS)
    # Without a bias, TensorFlow's eager convolution of channels that come first
    # is another one on a CPU than the compiled one, which is right.
    np.testing.assert_allclose(
        shrinking.model.predict(x, verbose=0),
        model.predict(x, verbose=0),
        atol=1e-5,
    )


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (layers.Dense(2), False),
        (layers.Conv1D(2, 3), False),
        (layers.Conv1D(2, 3, padding="causal"), True),
        (layers.Conv2D(2, (1, 3), padding="same"), True),
        (layers.Conv2D(2, 1, padding="same", strides=2), False),
    ],
)
def test_which_convolutions_read_beyond_the_border(layer, expected):
    assert pads(layer) is expected
