import keras
import pytest

import keras_trainkit as ktk
from keras_trainkit.models.kinds import activation_of
from keras_trainkit.models.kinds import core_of
from keras_trainkit.models.kinds import kind_of
from keras_trainkit.models.kinds import snake_case

L = keras.layers
CASES = {
    "dense": (L.Dense(2, activation="selu"), "dense", "selu"),
    "a layer as activation": (
        L.Dense(2, activation=L.LeakyReLU()),
        "dense",
        "leaky_relu",
    ),
    "swish": (L.Dense(2, activation="swish"), "dense", "silu"),
    "transposed": (L.Conv2DTranspose(2, 3), "conv", "linear"),
    "each step": (L.TimeDistributed(L.Dense(2)), "dense", "linear"),
    "spectral": (L.SpectralNormalization(L.Conv1D(2, 3)), "conv", "linear"),
    "both ways": (L.Bidirectional(L.GRU(2)), "recurrent", "tanh"),
    "relu": (L.ReLU(), "activation", "relu"),
    "prelu": (L.PReLU(), "activation", "prelu"),
    "elu": (L.ELU(), "activation", "elu"),
    "softmax": (L.Softmax(), "activation", "softmax"),
    "activation": (L.Activation("gelu"), "activation", "gelu"),
    "rrelu": (ktk.layers.RReLU(), "activation", "rrelu"),
    "swish layer": (ktk.layers.Swish(), "activation", "swish"),
    "squared": (ktk.layers.SquaredReLU(), "activation", "squared_relu"),
    "halving": (ktk.layers.GLU(), "activation", "glu"),
    "halving, swish": (ktk.layers.SwiGLU(), "activation", "swiglu"),
    "gated units": (ktk.layers.SwiGLU(4), "other", None),
    "quick": (
        L.Dense(2, activation=ktk.activations.quick_gelu),
        "dense",
        "quick_gelu",
    ),
    "our swish": (
        L.Dense(2, activation=ktk.activations.swish),
        "dense",
        "silu",
    ),
    "mc dropout": (ktk.layers.MCDropout(0.1), "dropout", None),
    "norm": (L.LayerNormalization(), "normalization", None),
    "adapted": (L.Normalization(), "preprocessing", None),
    "augmenting": (L.RandomFlip(), "preprocessing", None),
    "pooling": (L.GlobalMaxPooling1D(), "pooling", None),
    "adding": (L.Add(), "merge", None),
    "attention": (L.MultiHeadAttention(2, 2), "attention", None),
    "embedding": (L.Embedding(3, 2), "embedding", None),
    "flat": (L.Flatten(), "reshape", None),
    "lambda": (L.Lambda(keras.ops.abs), "other", None),
}


@pytest.mark.parametrize("case", CASES)
def test_layers_have_a_kind_and_an_activation(case):
    layer, kind, activation = CASES[case]
    assert (kind_of(layer), activation_of(layer)) == (kind, activation)


@pytest.mark.parametrize(
    "function, kind, activation",
    [
        (keras.ops.relu, "activation", "relu"),
        (keras.ops.leaky_relu, "activation", "leaky_relu"),
        (keras.ops.softmax, "activation", "softmax"),
        (keras.ops.abs, "other", None),
        (lambda x: x + x, "merge", None),
        (lambda x: keras.ops.mean(x, axis=1), "pooling", None),
        (lambda x: keras.ops.reshape(x, (-1,)), "reshape", None),
    ],
)
def test_operations_have_them_too(function, kind, activation):
    inputs = keras.Input((4,))
    operation = keras.Model(inputs, function(inputs)).operations[-1]
    assert (kind_of(operation), activation_of(operation)) == (kind, activation)


def test_a_wrapper_is_opened_to_the_core():
    dense = L.Dense(2)
    assert core_of(L.TimeDistributed(L.SpectralNormalization(dense))) is dense


@pytest.mark.parametrize(
    "name, expected",
    [
        ("CategoricalCrossentropy", "categorical_crossentropy"),
        ("MeanSquaredError", "mean_squared_error"),
        ("ReLU", "relu"),
        ("already_snake", "already_snake"),
    ],
)
def test_names_are_spelled_as_keras_spells_functions(name, expected):
    assert snake_case(name) == expected
