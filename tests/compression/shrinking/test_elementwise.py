"""What is known to compute each element of its own."""

import keras
import pytest

import keras_trainkit as ktk
from keras_trainkit.compression.shrinking.elementwise import is_elementwise
from keras_trainkit.compression.shrinking.elementwise import (
    is_elementwise_function,
)
from keras_trainkit.models.graph import Steps

pytestmark = pytest.mark.one_backend
layers = keras.layers


def relu(x):
    return x - keras.ops.mean(x)


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (None, True),
        (keras.activations.relu, True),
        (keras.activations.gelu, True),
        (ktk.activations.squared_relu, True),
        (layers.LeakyReLU(0.1), True),
        (keras.activations.softmax, False),
        (keras.activations.log_softmax, False),
        (layers.PReLU(), False),
        (relu, False),
        (lambda x: x, False),
    ],
)
def test_functions(function, expected):
    assert is_elementwise_function(function) is expected


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (layers.Activation("tanh"), True),
        (layers.Activation("softmax"), False),
        (layers.Dropout(0.5), True),
        (layers.Dropout(0.5, noise_shape=(None, 1)), False),
        (lambda x: layers.Dropout(0.5)(x, training=True), False),
        (layers.Rescaling(2.0, 1.0), True),
        (layers.Rescaling([2.0] * 3), False),
        (ktk.layers.SquaredReLU(), True),
        (ktk.layers.Swish(), True),
        (ktk.layers.Swish(shared="channel"), False),
        (layers.Softmax(), False),
        (lambda x: x * 2.0 + 1.0, True),
        (keras.ops.sigmoid, True),
        (lambda x: keras.ops.concatenate([x, x]), False),
    ],
)
def test_steps(call, expected):
    x = keras.Input((3,))
    model = keras.Model(x, call(x))
    assert is_elementwise(Steps(model).steps[-1]) is expected
