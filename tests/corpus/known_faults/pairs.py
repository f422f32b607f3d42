"""Two faults in one network."""

import keras
from keras import layers

from tests.corpus.known_faults.networks import ACTIVATION
from tests.corpus.known_faults.networks import INITIALIZATION
from tests.corpus.known_faults.networks import NORMALIZATION
from tests.corpus.known_faults.networks import REGULARIZATION
from tests.corpus.known_faults.networks import SPARSE
from tests.corpus.known_faults.networks import functional
from tests.corpus.known_faults.networks import normal
from tests.corpus.known_faults.networks import program
from tests.corpus.known_faults.networks import sequential
from tests.corpus.program import Fault


def two_units():
    inputs = keras.Input((2,))
    x = layers.ReLU()(layers.Dense(2, name="narrow")(inputs))
    outputs = layers.Dense(1, "sigmoid")(x)
    return program(
        functional(inputs, outputs, "binary_crossentropy"),
        Fault(("architecture",), "narrow", "Two units."),
    )


def zeros_and_heavy_dropout():
    model = sequential(
        layers.Dense(32, "relu", kernel_initializer="zeros", name="stuck"),
        layers.Dropout(0.9, name="heavy"),
        layers.Dense(1),
    )
    return program(
        model,
        Fault(INITIALIZATION, "stuck", "Zeros before a ReLU."),
        Fault(REGULARIZATION, "heavy", "A rate of 0.9."),
    )


def linear_and_dropped_output():
    model = sequential(
        layers.Dense(32, name="first"),
        layers.Dense(5, "softmax"),
        layers.Dropout(0.5, name="last"),
        loss=SPARSE,
    )
    return program(
        model,
        Fault(ACTIVATION, "first", "No activation."),
        Fault(REGULARIZATION, "last", "Behind the output."),
    )


def sigmoids_and_relu_before_softmax():
    model = sequential(
        *[layers.Dense(32, "sigmoid", name=f"s_{i}") for i in range(3)],
        layers.Dense(5, "relu", name="scores"),
        layers.Softmax(),
        loss=SPARSE,
    )
    return program(
        model,
        Fault(ACTIVATION, "s_0", "A stack of sigmoids."),
        Fault(ACTIVATION, "scores", "ReLU, then softmax."),
    )


def wide_and_alpha_dropout():
    model = sequential(
        layers.Dense(64, "tanh", kernel_initializer=normal(3.0), name="wide"),
        layers.AlphaDropout(0.3, name="alpha"),
        layers.Dense(1),
    )
    return program(
        model,
        Fault(INITIALIZATION, "wide", "Kernel too wide."),
        Fault(REGULARIZATION, "alpha", "AlphaDropout without SELU."),
    )


def small_batches_and_strong_l2():
    l2 = keras.regularizers.L2(0.5)
    model = sequential(
        layers.Dense(32, kernel_regularizer=l2, use_bias=False, name="strong"),
        layers.BatchNormalization(name="norm"),
        layers.ReLU(),
        layers.Dense(1),
    )
    return program(
        model,
        Fault(REGULARIZATION, "strong", "l2 of 0.5."),
        Fault((*NORMALIZATION, "batch_size"), "norm", "Batches of 4."),
        batch_size=4,
    )


PROGRAMS = {
    build.__name__: build
    for build in (
        two_units,
        zeros_and_heavy_dropout,
        linear_and_dropped_output,
        sigmoids_and_relu_before_softmax,
        wide_and_alpha_dropout,
        small_batches_and_strong_l2,
    )
}
