"""Faults of kernels and biases as they begin."""

import keras
import numpy as np
from keras import layers

from tests.corpus.known_faults.networks import INITIALIZATION
from tests.corpus.known_faults.networks import SPARSE
from tests.corpus.known_faults.networks import Identity
from tests.corpus.known_faults.networks import functional
from tests.corpus.known_faults.networks import normal
from tests.corpus.known_faults.networks import program
from tests.corpus.known_faults.networks import relu
from tests.corpus.known_faults.networks import sequential
from tests.corpus.known_faults.networks import subclassed
from tests.corpus.program import Fault


def zeros_before_relu():
    model = sequential(
        layers.Dense(32, kernel_initializer="zeros", name="stuck"),
        layers.Activation("relu"),
        layers.Dense(1),
    )
    return program(
        model, Fault(INITIALIZATION, "stuck", "Zeros before a ReLU.")
    )


def ones_everywhere():
    model = sequential(
        layers.Dense(32, "tanh", kernel_initializer="ones", name="same"),
        layers.Dense(16, "tanh", kernel_initializer="ones"),
        layers.Dense(1),
    )
    return program(model, Fault(INITIALIZATION, "same", "Equal kernels."))


def constant_in_nested_model():
    inner = keras.Sequential(
        [
            keras.Input((16,)),
            relu(32),
            layers.Dense(
                32,
                "relu",
                kernel_initializer=keras.initializers.Constant(0.1),
                name="equal",
            ),
        ],
        name="trunk",
    )
    inputs = keras.Input((16,))
    outputs = layers.Dense(3, "softmax")(inner(inputs))
    return program(
        functional(inputs, outputs, SPARSE),
        Fault(INITIALIZATION, "equal", "A constant kernel inside."),
    )


def wide_in_subclassed_model():
    model = subclassed(
        layers.Dense(64, "tanh", kernel_initializer=normal(2.0), name="wide"),
        Identity(),
        layers.Dense(1),
    )
    return program(model, Fault(INITIALIZATION, "wide", "Kernel too wide."))


def wide_time_distributed():
    model = sequential(
        layers.TimeDistributed(
            layers.Dense(
                32,
                "relu",
                kernel_initializer=keras.initializers.RandomUniform(-2, 2),
            ),
            name="each_step",
        ),
        layers.LSTM(8),
        layers.Dense(1),
        inputs=(6, 24),
    )
    return program(
        model, Fault(INITIALIZATION, "each_step", "Kernel too wide.")
    )


def wide_recurrent_kernel():
    model = sequential(
        layers.Bidirectional(
            layers.SimpleRNN(64, recurrent_initializer=normal(1.0)),
            name="both_ways",
        ),
        layers.Dense(1),
        inputs=(12, 4),
    )
    return program(
        model, Fault(INITIALIZATION, "both_ways", "State multiplies.")
    )


def wide_convolution():
    model = sequential(
        layers.Conv2D(
            16, 3, activation="relu", kernel_initializer=normal(3.0), name="c"
        ),
        layers.Flatten(),
        layers.Dense(3, "softmax"),
        inputs=(10, 10, 3),
        loss=SPARSE,
    )
    return program(model, Fault(INITIALIZATION, "c", "Kernel too wide."))


def positive_weights():
    uniform = keras.initializers.RandomUniform(0.0, 1.0, seed=1)
    model = sequential(
        relu(64, kernel_initializer=uniform, name="positive"),
        layers.Dense(1),
        inputs=(40,),
    )
    return program(
        model, Fault(INITIALIZATION, "positive", "Weights of one sign.")
    )


def values_set_by_hand():
    model = sequential(relu(64, name="by_hand"), layers.Dense(1))
    rng = np.random.default_rng(0)
    model.get_layer("by_hand").set_weights(
        [rng.normal(size=(16, 64)) * 5, np.zeros(64)]
    )
    return program(
        model, Fault(INITIALIZATION, "by_hand", "Values far too large.")
    )


def wide_scores():
    model = sequential(
        relu(64),
        layers.Dense(10, kernel_initializer=normal(1.0), name="scores"),
        layers.Softmax(),
        loss=SPARSE,
    )
    return program(
        model, Fault(INITIALIZATION, "scores", "Large initial scores.")
    )


def tiny_kernels():
    small = {"kernel_initializer": normal(0.001), "activation": "relu"}
    model = sequential(
        layers.Dense(64, name="tiny", **small),
        layers.Dense(64, **small),
        layers.Dense(64, **small),
        layers.Dense(3, "softmax"),
        loss=SPARSE,
    )
    return program(model, Fault(INITIALIZATION, "tiny", "The signal is lost."))


def he_with_tanh():
    model = sequential(
        layers.Dense(32, "tanh", kernel_initializer="he_normal", name="he"),
        layers.Dense(32, "tanh"),
        layers.Dense(1),
    )
    return program(
        model, Fault(INITIALIZATION, "he", "He's initializer with tanh.")
    )


def lecun_with_relu_after():
    x = inputs = keras.Input((16,))
    x = layers.Dense(32, kernel_initializer="lecun_normal", name="lecun")(x)
    x = keras.ops.relu(x)
    x = relu(32)(x)
    outputs = layers.Dense(1)(x)
    return program(
        functional(inputs, outputs),
        Fault(INITIALIZATION, "lecun", "LeCun's initializer with ReLU."),
    )


def selu_with_glorot():
    model = sequential(
        *[layers.Dense(32, "selu", name=f"selu_{i}") for i in range(4)],
        layers.Dense(1),
    )
    return program(
        model, Fault(INITIALIZATION, "selu_0", "SELU without LeCun's.")
    )


def dead_biases():
    low = keras.initializers.Constant(-8.0)
    model = sequential(
        relu(32), relu(32, bias_initializer=low, name="low"), layers.Dense(1)
    )
    return program(model, Fault(INITIALIZATION, "low", "Dead from the start."))


PROGRAMS = {
    build.__name__: build
    for build in (
        zeros_before_relu,
        ones_everywhere,
        constant_in_nested_model,
        wide_in_subclassed_model,
        wide_time_distributed,
        wide_recurrent_kernel,
        wide_convolution,
        positive_weights,
        values_set_by_hand,
        wide_scores,
        tiny_kernels,
        he_with_tanh,
        lecun_with_relu_after,
        selu_with_glorot,
        dead_biases,
    )
}
