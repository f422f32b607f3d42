"""Which kernels `constrain` constrains, over which axes, for each layer."""

import keras
import numpy as np
import pytest
from keras import layers

from keras_trainkit.constraints import WeightClip
from keras_trainkit.constraints import constrain
from tests.helpers.younger import GATED

RADIUS = 0.5
GATES = {"kernel": (0,), "recurrent_kernel": (0,)}
SEPARABLE_1D = {"depthwise_kernel": (0,), "pointwise_kernel": (0, 1)}
SEPARABLE_2D = {"depthwise_kernel": (0, 1), "pointwise_kernel": (0, 1, 2)}
CONV_LSTM_2D = {"kernel": (0, 1, 2), "recurrent_kernel": (0, 1, 2)}
PROJECTIONS = {"attention_output/kernel": (0, 1), "kernel": (0,)}

# Layer, input shape, axes of a unit's incoming weights by the end of the
# variable's path, number of kernels.
LAYERS = {
    "Dense": (lambda: layers.Dense(3), (4,), {"kernel": (0,)}, 1),
    "EinsumDense, split": (
        lambda: layers.EinsumDense("abc,cde->abde", (None, 2, 3)),
        (5, 4),
        {"kernel": (0,)},
        1,
    ),
    "EinsumDense, merged": (
        lambda: layers.EinsumDense("abcd,cde->abe", (None, 6), bias_axes="e"),
        (5, 2, 3),
        {"kernel": (0, 1)},
        1,
    ),
    "EinsumDense, grouped": (
        lambda: layers.EinsumDense("abgc,gcd->abgd", (None, 2, 3)),
        (5, 2, 4),
        {"kernel": (1,)},
        1,
    ),
    "EinsumDense, transposed": (
        lambda: layers.EinsumDense("...x,yx->...y", 4),
        (5, 3),
        {"kernel": (1,)},
        1,
    ),
    "Conv1D": (lambda: layers.Conv1D(3, 2), (5, 2), {"kernel": (0, 1)}, 1),
    "Conv2D": (
        lambda: layers.Conv2D(4, 2, groups=2),
        (5, 5, 4),
        {"kernel": (0, 1, 2)},
        1,
    ),
    "Conv3D": (
        lambda: layers.Conv3D(3, 2),
        (3, 3, 3, 2),
        {"kernel": (0, 1, 2, 3)},
        1,
    ),
    "DepthwiseConv1D": (
        lambda: layers.DepthwiseConv1D(3, depth_multiplier=2),
        (5, 2),
        {"kernel": (0,)},
        1,
    ),
    "DepthwiseConv2D": (
        lambda: layers.DepthwiseConv2D(3, depth_multiplier=2),
        (5, 5, 2),
        {"kernel": (0, 1)},
        1,
    ),
    "SeparableConv1D": (
        lambda: layers.SeparableConv1D(3, 2),
        (5, 2),
        SEPARABLE_1D,
        2,
    ),
    "SeparableConv2D": (
        lambda: layers.SeparableConv2D(3, 2),
        (5, 5, 2),
        SEPARABLE_2D,
        2,
    ),
    "Conv1DTranspose": (
        lambda: layers.Conv1DTranspose(3, 2),
        (5, 2),
        {"kernel": (0, 2)},
        1,
    ),
    "Conv2DTranspose": (
        lambda: layers.Conv2DTranspose(3, 2),
        (5, 5, 2),
        {"kernel": (0, 1, 3)},
        1,
    ),
    "Conv3DTranspose": (
        lambda: layers.Conv3DTranspose(3, 2),
        (3, 3, 3, 2),
        {"kernel": (0, 1, 2, 4)},
        1,
    ),
    "SimpleRNN": (lambda: layers.SimpleRNN(3), (4, 2), GATES, 2),
    "LSTM": (lambda: layers.LSTM(3), (4, 2), GATES, 2),
    "GRU": (lambda: layers.GRU(3), (4, 2), GATES, 2),
    "RNN of a cell": (
        lambda: layers.RNN(layers.LSTMCell(3)),
        (4, 2),
        GATES,
        2,
    ),
    "RNN of stacked cells": (
        lambda: layers.RNN([layers.GRUCell(3), layers.SimpleRNNCell(2)]),
        (4, 2),
        GATES,
        4,
    ),
    "Bidirectional": (
        lambda: layers.Bidirectional(layers.GRU(3)),
        (4, 2),
        GATES,
        4,
    ),
    "TimeDistributed": (
        lambda: layers.TimeDistributed(layers.Dense(3)),
        (4, 2),
        {"kernel": (0,)},
        1,
    ),
    "ConvLSTM1D": (
        lambda: layers.ConvLSTM1D(2, 2),
        (3, 4, 2),
        {"kernel": (0, 1), "recurrent_kernel": (0, 1)},
        2,
    ),
    "ConvLSTM2D": (
        lambda: layers.ConvLSTM2D(2, 2),
        (3, 4, 4, 2),
        CONV_LSTM_2D,
        2,
    ),
    "ConvLSTM3D": (
        lambda: layers.ConvLSTM3D(2, 2),
        (2, 3, 3, 3, 2),
        {"kernel": (0, 1, 2, 3), "recurrent_kernel": (0, 1, 2, 3)},
        2,
    ),
    "MultiHeadAttention": (
        lambda: layers.MultiHeadAttention(3, 3, **GATED),
        (4, 3),
        PROJECTIONS,
        4 + len(GATED),
    ),
    "GroupQueryAttention": (
        lambda: layers.GroupQueryAttention(3, 2, 1),
        (4, 3),
        PROJECTIONS,
        4,
    ),
}
every_layer = pytest.mark.parametrize(
    "make, shape, axes, count", LAYERS.values(), ids=LAYERS
)


class Caller(keras.Model):
    """Calls one layer, which is built with the first call only."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def call(self, x):
        return called(self.layer, x)


def called(layer, x):
    attention = (layers.MultiHeadAttention, layers.GroupQueryAttention)
    return layer(x, x) if isinstance(layer, attention) else layer(x)


def functional(make, shape):
    inputs = keras.Input(shape)
    return keras.Model(inputs, called(make(), inputs))


def assert_constrained(model, axes, count):
    kernels = [w for w in model.weights if w.constraint is not None]
    assert len(kernels) == count
    for kernel in kernels:
        expected = next(a for end, a in axes.items() if ends(kernel.path, end))
        assert kernel.constraint.axes(kernel) == expected, kernel.path
        assert kernel.constraint.max_value == RADIUS


def ends(path, end):
    return f"/{path}".endswith(f"/{end}")


@every_layer
def test_each_kernel_is_constrained_over_its_incoming_axes(
    make, shape, axes, count
):
    model = functional(make, shape)
    assert constrain(model, max_norm=RADIUS)
    assert_constrained(model, axes, count)


@every_layer
def test_a_layer_that_is_not_built_gets_it_when_it_is(make, shape, axes, count):
    model = Caller(make())
    assert not model.weights
    constrain(model, max_norm=RADIUS)
    model(np.zeros((1, *shape), "float32"))
    assert_constrained(model, axes, count)


@every_layer
def test_a_loaded_model_is_still_constrained(
    make, shape, axes, count, tmp_path
):
    model = functional(make, shape)
    constrain(model, max_norm=RADIUS)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert_constrained(loaded, axes, count)


@every_layer
def test_a_clone_is_still_constrained(make, shape, axes, count):
    model = functional(make, shape)
    constrain(model, max_norm=RADIUS)
    assert_constrained(keras.models.clone_model(model), axes, count)


@every_layer
def test_a_layer_from_the_configuration_is_still_constrained(
    make, shape, axes, count
):
    model = functional(make, shape)
    constrain(model, max_norm=RADIUS)
    layer = model.layers[-1]
    copy = type(layer).from_config(layer.get_config())
    assert_constrained(functional(lambda: copy, shape), axes, count)


@every_layer
def test_a_constraint_of_ones_own_reaches_the_same_kernels(
    make, shape, axes, count
):
    model = functional(make, shape)
    clip = WeightClip(-0.25, 0.25)
    constrain(model, constraint=clip)
    kernels = [w for w in model.weights if w.constraint is clip]
    assert len(kernels) == count
    assert all(any(ends(w.path, end) for end in axes) for w in kernels)
