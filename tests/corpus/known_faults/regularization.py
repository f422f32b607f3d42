"""Faults of dropout, penalties and constraints."""

import keras
from keras import layers

from tests.corpus.known_faults.networks import REGULARIZATION
from tests.corpus.known_faults.networks import SPARSE
from tests.corpus.known_faults.networks import program
from tests.corpus.known_faults.networks import relu
from tests.corpus.known_faults.networks import selu
from tests.corpus.known_faults.networks import sequential
from tests.corpus.known_faults.networks import subclassed
from tests.corpus.program import Fault


def selu_and_dropout():
    model = sequential(
        selu(), layers.Dropout(0.3, name="plain"), selu(), layers.Dense(1)
    )
    return program(
        model, Fault(REGULARIZATION, "plain", "Plain dropout with SELU.")
    )


def selu_and_max_norm():
    model = sequential(
        selu(),
        selu(kernel_constraint="max_norm", name="held"),
        layers.Dense(1),
    )
    return program(model, Fault(REGULARIZATION, "held", "Max-norm with SELU."))


def alpha_dropout_and_relu():
    model = sequential(
        relu(32), layers.AlphaDropout(0.2, name="alpha"), layers.Dense(1)
    )
    return program(
        model, Fault(REGULARIZATION, "alpha", "AlphaDropout without SELU.")
    )


def dropped_output():
    model = sequential(
        relu(32),
        layers.Dense(5, "softmax"),
        layers.Dropout(0.3, name="last"),
        loss=SPARSE,
    )
    return program(model, Fault(REGULARIZATION, "last", "Behind the output."))


def dropped_scores():
    model = sequential(
        relu(32),
        layers.Dense(5),
        layers.Dropout(0.3, name="last"),
        layers.Softmax(),
        loss=SPARSE,
    )
    return program(model, Fault(REGULARIZATION, "last", "Scores dropped."))


def nine_of_ten_dropped():
    model = subclassed(
        relu(64), layers.Dropout(0.9, name="heavy"), layers.Dense(1)
    )
    return program(model, Fault(REGULARIZATION, "heavy", "A rate of 0.9."))


def recurrent_dropout():
    model = sequential(
        layers.GRU(16, dropout=0.85, name="gru"),
        layers.Dense(1),
        inputs=(10, 3),
    )
    return program(model, Fault(REGULARIZATION, "gru", "A rate of 0.85."))


def unit_norm_of_convolution():
    model = sequential(
        layers.Conv1D(
            8, 5, activation="relu", kernel_constraint="unit_norm", name="c"
        ),
        layers.Flatten(),
        layers.Dense(1),
        inputs=(20, 4),
    )
    return program(model, Fault(REGULARIZATION, "c", "The wrong axis."))


def strong_l2():
    l2 = keras.regularizers.L2(0.3)
    model = sequential(
        layers.TimeDistributed(
            layers.Dense(16, "relu", kernel_regularizer=l2), name="steps"
        ),
        layers.Flatten(),
        layers.Dense(1),
        inputs=(5, 4),
    )
    return program(model, Fault(REGULARIZATION, "steps", "l2 of 0.3."))


def l2_and_adamw():
    model = sequential(
        layers.Dense(32, "relu", kernel_regularizer="l2", name="both"),
        layers.Dense(1),
        optimizer=keras.optimizers.AdamW(weight_decay=0.01),
    )
    return program(model, Fault(REGULARIZATION, "both", "Two decays."))


PROGRAMS = {
    build.__name__: build
    for build in (
        selu_and_dropout,
        selu_and_max_norm,
        alpha_dropout_and_relu,
        dropped_output,
        dropped_scores,
        nine_of_ten_dropped,
        recurrent_dropout,
        unit_norm_of_convolution,
        strong_l2,
        l2_and_adamw,
    )
}
