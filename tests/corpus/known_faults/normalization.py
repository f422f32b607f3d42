"""Faults of normalisation."""

import keras
from keras import layers

from tests.corpus.known_faults.networks import NORMALIZATION
from tests.corpus.known_faults.networks import SPARSE
from tests.corpus.known_faults.networks import functional
from tests.corpus.known_faults.networks import program
from tests.corpus.known_faults.networks import relu
from tests.corpus.known_faults.networks import selu
from tests.corpus.known_faults.networks import sequential
from tests.corpus.program import Fault


def selu_and_batch_norm():
    model = sequential(
        selu(), layers.BatchNormalization(name="norm"), layers.Dense(1)
    )
    return program(
        model, Fault(NORMALIZATION, "norm", "BatchNormalization with SELU.")
    )


def batch_of_two():
    model = sequential(
        layers.Dense(32, use_bias=False),
        layers.BatchNormalization(name="norm"),
        layers.ReLU(),
        layers.Dense(1),
    )
    return program(
        model,
        Fault((*NORMALIZATION, "batch_size"), "norm", "Batches of 2."),
        batch_size=2,
    )


def frozen_but_normalising():
    def block(name):
        return [
            layers.Conv2D(8, 3, use_bias=False, trainable=False),
            layers.BatchNormalization(name=name),
            layers.ReLU(),
        ]

    base = keras.Sequential(
        [keras.Input((16, 16, 3)), *block("n_0"), *block("n_1")], name="base"
    )
    inputs = keras.Input((16, 16, 3))
    x = layers.GlobalAveragePooling2D()(base(inputs))
    outputs = layers.Dense(3, "softmax")(x)
    return program(
        functional(inputs, outputs, SPARSE),
        Fault(NORMALIZATION, "n_0", "Statistics move in a frozen part."),
    )


def plain_and_deep():
    model = sequential(
        *[relu(16, name=f"d_{i}") for i in range(24)], layers.Dense(1)
    )
    return program(
        model, Fault(NORMALIZATION, "d_0", "24 layers, no normalisation.")
    )


def one_feature_normalised():
    model = sequential(
        layers.LayerNormalization(name="norm"),
        relu(8),
        layers.Dense(1),
        inputs=(1,),
    )
    return program(model, Fault(NORMALIZATION, "norm", "One value."))


def normalised_output():
    model = sequential(
        relu(8),
        layers.Dense(1, use_bias=False),
        layers.BatchNormalization(name="norm"),
    )
    return program(model, Fault(NORMALIZATION, "norm", "Behind the output."))


PROGRAMS = {
    build.__name__: build
    for build in (
        selu_and_batch_norm,
        batch_of_two,
        frozen_but_normalising,
        plain_and_deep,
        one_feature_normalised,
        normalised_output,
    )
}
