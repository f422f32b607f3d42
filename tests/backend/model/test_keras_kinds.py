import keras
import pytest

from keras_trainkit.backend.model.keras_kinds import is_keras_function
from keras_trainkit.backend.model.keras_kinds import is_keras_layer
from keras_trainkit.backend.model.keras_kinds import is_keras_operation
from keras_trainkit.backend.model.keras_kinds import is_preprocessing

L = keras.layers


class Own(L.Dense):
    pass


def own(x):
    return x


@pytest.mark.parametrize(
    "layer, expected",
    [
        (L.Dense(1), True),
        (L.SpatialDropout1D(0.5), True),
        (L.LSTMCell(2), True),
        (L.MultiHeadAttention(1, 1), True),
        (Own(1), False),
        (keras.Sequential(), False),
    ],
)
def test_layers_of_keras(layer, expected):
    assert is_keras_layer(layer) == expected


@pytest.mark.parametrize(
    "layer, expected",
    [
        (L.Normalization(), True),
        (L.RandomFlip(), True),
        (L.Resizing(2, 2), True),
        (L.Dense(1), False),
        (L.Lambda(own), False),
    ],
)
def test_layers_that_prepare_data(layer, expected):
    assert is_preprocessing(layer) == expected


@pytest.mark.parametrize(
    "function, expected",
    [
        (keras.activations.relu, True),
        (L.LeakyReLU(), True),
        (own, False),
        (Own(1), False),
    ],
)
def test_functions_of_keras(function, expected):
    assert is_keras_function(function) == expected


def test_operations_of_keras():
    x = keras.Input((2,))
    model = keras.Model(x, L.Dense(1)(keras.ops.tanh(x)))
    kinds = {type(one).__name__: one for one in model.operations}
    assert is_keras_operation(kinds["Tanh"])
    assert not is_keras_operation(kinds["Dense"])
