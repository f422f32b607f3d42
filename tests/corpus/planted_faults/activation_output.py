"""Activations of the last layer, and what SELU asks for."""

import keras
from keras import layers

from tests.corpus import arrays
from tests.corpus.planted_faults.common import fault
from tests.corpus.planted_faults.common import hidden
from tests.corpus.planted_faults.common import on_digits
from tests.corpus.planted_faults.common import on_houses
from tests.corpus.planted_faults.common import sequential
from tests.corpus.program import Program


def relu_before_softmax():
    model = sequential(
        (64,),
        hidden(64),
        layers.Dense(10, "relu", name="scores"),
        layers.Softmax(),
    )
    return on_digits(
        model,
        fault(
            "activation",
            "scores",
            "The scores are cut at zero before the softmax.",
        ),
    )


def relu_at_the_end_of_a_regression():
    model = sequential((5,), hidden(32), layers.Dense(1, "relu", name="price"))
    return on_houses(
        model,
        fault(
            "activation",
            "price",
            "Half of the standardised prices are negative; ReLU is not.",
        ),
    )


def tanh_below_its_targets():
    """Standardised prices go from -2 to 3.6."""
    model = sequential((5,), hidden(32), layers.Dense(1, "tanh", name="price"))
    return on_houses(
        model,
        fault(
            "activation preprocessing",
            "price",
            "tanh ends at 1, a sixth of the targets lie beyond.",
        ),
    )


def selu_with_dropout():
    model = sequential((64,))
    for number in range(5):
        model.add(hidden(64, "selu", kernel_initializer="lecun_normal"))
        model.add(layers.Dropout(0.3, name=f"drop_{number}"))
    model.add(layers.Dense(10, "softmax"))
    return on_digits(
        model,
        fault(
            "activation regularization preprocessing",
            "drop_0",
            "Plain Dropout breaks the self-normalisation; inputs of 0 to 1 "
            "are not standardised.",
        ),
    )


def alpha_dropout_behind_relu():
    model = sequential(
        (64,),
        hidden(128, "relu"),
        layers.AlphaDropout(0.3, name="alpha"),
        layers.Dense(10, "softmax"),
    )
    return on_digits(
        model,
        fault(
            "regularization activation",
            "alpha",
            "AlphaDropout puts in SELU's negative value, which ReLU never has.",
        ),
    )


def sigmoid_autoencoder_of_standardized():
    """Standardised pixels, of which half are negative, from a sigmoid."""
    x, _ = arrays.digits()
    x = ((x - x.mean()) / x.std()).astype("float32")
    model = sequential(
        (64,),
        hidden(32),
        hidden(8, name="code"),
        hidden(32),
        layers.Dense(64, "sigmoid", name="pixels"),
    )
    model.compile(keras.optimizers.Adam(1e-3), "mse")
    return Program(
        model,
        x[:600],
        x[:600],
        epochs=50,
        validation_data=(x[600:], x[600:]),
        task="regression",
        faults=(
            fault(
                "activation preprocessing",
                "pixels",
                "A sigmoid cannot give back values below 0 and above 1.",
            ),
        ),
    )


PROGRAMS = {
    "relu_before_softmax": relu_before_softmax,
    "relu_at_the_end_of_a_regression": relu_at_the_end_of_a_regression,
    "tanh_below_its_targets": tanh_below_its_targets,
    "selu_with_dropout": selu_with_dropout,
    "alpha_dropout_behind_relu": alpha_dropout_behind_relu,
    "sigmoid_autoencoder_of_standardized": sigmoid_autoencoder_of_standardized,
}
