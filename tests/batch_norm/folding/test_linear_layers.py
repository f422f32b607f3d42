import keras
import numpy as np
import pytest

from keras_trainkit.batch_norm.folding.fold import fold
from keras_trainkit.batch_norm.folding.linear_layers import linear_layer
from tests.helpers.arrays import to_numpy
from tests.helpers.normalized import assert_alike
from tests.helpers.normalized import assert_folded
from tests.helpers.normalized import assert_left
from tests.helpers.normalized import norm
from tests.helpers.normalized import trained

layers = keras.layers
Dense, Conv2D = layers.Dense, layers.Conv2D

# Layers behind an input of that shape; "it" takes up "norm".
FOLDED = {
    "Dense": ((6,), lambda: [Dense(5, name="it"), norm()]),
    "Conv1D, causal": (
        (8, 3),
        lambda: [layers.Conv1D(4, 3, padding="causal", name="it"), norm()],
    ),
    "Conv2D, strided": (
        (8, 8, 3),
        lambda: [Conv2D(4, 3, 2, padding="same", name="it"), norm()],
    ),
    "Conv3D": ((5, 5, 5, 2), lambda: [layers.Conv3D(3, 2, name="it"), norm()]),
    "DepthwiseConv1D": (
        (8, 3),
        lambda: [layers.DepthwiseConv1D(3, name="it"), norm()],
    ),
    "DepthwiseConv2D": (
        (8, 8, 3),
        lambda: [
            layers.DepthwiseConv2D(3, depth_multiplier=2, name="it"),
            norm(),
        ],
    ),
    "SeparableConv1D": (
        (8, 3),
        lambda: [layers.SeparableConv1D(4, 3, name="it"), norm()],
    ),
    "SeparableConv2D": (
        (8, 8, 3),
        lambda: [layers.SeparableConv2D(4, 3, name="it"), norm()],
    ),
    "Conv1DTranspose": (
        (8, 3),
        lambda: [layers.Conv1DTranspose(4, 3, name="it"), norm()],
    ),
    "Conv2DTranspose": (
        (6, 6, 3),
        lambda: [layers.Conv2DTranspose(4, 3, strides=2, name="it"), norm()],
    ),
    "Conv3DTranspose": (
        (4, 4, 4, 2),
        lambda: [layers.Conv3DTranspose(3, 2, name="it"), norm()],
    ),
    "before Dense": ((6,), lambda: [norm(), Dense(5, "relu", name="it")]),
    "before DepthwiseConv2D": (
        (8, 8, 3),
        lambda: [
            norm(),
            layers.DepthwiseConv2D(3, depth_multiplier=2, name="it"),
        ],
    ),
    "before SeparableConv2D": (
        (8, 8, 3),
        lambda: [
            norm(),
            layers.SeparableConv2D(4, 3, depth_multiplier=2, name="it"),
        ],
    ),
}
LEFT = {
    "a transposed convolution behind": (
        (8, 8, 3),
        lambda: [norm(), layers.Conv2DTranspose(4, 3)],
        "is transposed",
    ),
}


@pytest.mark.one_backend
@pytest.mark.parametrize("shape, make", FOLDED.values(), ids=FOLDED)
def test_is_folded(shape, make):
    assert_folded(shape, make())


@pytest.mark.one_backend
@pytest.mark.parametrize("shape, make, reason", LEFT.values(), ids=LEFT)
def test_is_left_with_the_reason(shape, make, reason):
    assert_left(shape, make(), reason)


class Own(Dense):
    """A user's Dense layer."""


@pytest.mark.one_backend
@pytest.mark.parametrize(
    "layer",
    [Own(2), layers.ReLU(), layers.LSTM(2), layers.TimeDistributed(Own(2))],
    ids=lambda layer: layer.name,
)
def test_other_layers_are_none(layer):
    assert linear_layer(layer) is None


def test_channels_first():
    one, other = folded_conv(True), folded_conv(False)
    # TensorFlow on CPUs cannot run the one: the weights are compared.
    assert one.largest_difference is None
    assert list(one.folded) == list(other.folded) == ["norm"]
    for a, b in zip(one.model.weights, other.model.weights, strict=True):
        np.testing.assert_array_equal(to_numpy(a), to_numpy(b))


def folded_conv(first):
    order = "channels_first" if first else "channels_last"
    model = keras.Sequential(
        [
            keras.Input((3, None, None) if first else (None, None, 3)),
            Conv2D(4, 3, data_format=order),
            norm(axis=1 if first else -1),
            layers.MaxPooling2D(data_format=order),
        ]
    )
    kernel = np.random.default_rng(0).normal(size=(3, 3, 3, 4))
    model.layers[0].set_weights([kernel, np.arange(4.0)])
    return fold(trained(model))


@pytest.mark.one_backend
def test_a_scale_alone_goes_where_zeros_are_padded():
    model = keras.Sequential(
        [
            keras.Input((6, 6, 3)),
            norm(center=False),
            layers.ZeroPadding2D(1),
            Conv2D(4, 3, padding="same", name="conv"),
            layers.ReLU(),
            norm("second", center=False),
            layers.Conv2DTranspose(2, 3, use_bias=False, name="up"),
        ]
    )
    trained(model)
    model.layers[0].moving_mean.assign(np.zeros(3))
    model.get_layer("second").moving_mean.assign(np.zeros(4))
    folding = fold(model)
    assert folding.folded == {"norm": ("conv",), "second": ("up",)}
    assert not folding.model.get_layer("up").use_bias
    assert_alike(model, folding.model, (6, 6, 3))
