"""Twelve networks, each broken in one classic way: see `getting_unstuck.py`.

There is nothing to run here.
"""

import dataclasses
from collections.abc import Callable

import keras
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.datasets import load_digits

layers = keras.layers
SGD, Adam = keras.optimizers.SGD, keras.optimizers.Adam
TESTED = 300


@dataclasses.dataclass(frozen=True)
class Patient:
    """A network, and what is wrong with it.

    Attributes:
        fault: What is wrong, in a few words.
        topics: The topics under which a finding would be right.
        data: Function that returns `(x, y), (x_test, y_test)`.
        make: Function that returns the compiled model.
        epochs: How long it is trained.
        batch_size: As in `fit`.
    """

    fault: str
    topics: tuple
    data: Callable
    make: Callable
    epochs: int = 10
    batch_size: int = 32


def digits():
    """Digits as 64 brightnesses from 0 to 1, labels 0 to 9."""
    return _divided(*load_digits(return_X_y=True), scale=16)


def raw_digits():
    """The same as bytes from 0 to 255."""
    return _divided(*load_digits(return_X_y=True), scale=16 / 255)


def large_or_small():
    """Is the digit 5 or more?"""
    (x, y), (x_test, y_test) = digits()
    return (x, (y >= 5) * 1), (x_test, (y_test >= 5) * 1)


def diabetes():
    """Ten measurements; how far the illness is a year later, 25 to 346."""
    x, y = load_diabetes(return_X_y=True)
    return _divided(x / x.std(0), y.astype("float32"), tested=120)


def _divided(x, y, scale=1, tested=TESTED):
    order = np.random.default_rng(0).permutation(len(x))
    x, y = (x / scale).astype("float32")[order], y[order]
    return (x[tested:], y[tested:]), (x[:tested], y[:tested])


def network(*stack, inputs=64, loss="sparse_categorical_crossentropy", by=None):
    model = keras.Sequential([keras.Input((inputs,)), *stack])
    model.compile(by or Adam(), loss)
    return model


def hidden(units=64, activation="relu", start="he_normal", **kwargs):
    kwargs["kernel_initializer"] = start
    return layers.Dense(units, activation, **kwargs)


def softmax(units=10):
    return layers.Dense(units, "softmax")


PATIENTS = (
    Patient(
        "softmax over one unit",
        ("activation", "loss"),
        large_or_small,
        lambda: network(hidden(), softmax(1), loss="binary_crossentropy"),
    ),
    Patient(
        "ReLU before a crossentropy",
        ("activation", "loss"),
        digits,
        lambda: network(hidden(), layers.Dense(10, "relu")),
    ),
    Patient(
        "numbers of classes by a squared error",
        ("loss", "activation"),
        digits,
        lambda: _with_accuracy(network(hidden(), layers.Dense(1), loss="mse")),
    ),
    Patient(
        "all layers frozen",
        ("optimizer", "architecture"),
        digits,
        lambda: network(hidden(trainable=False), _frozen(softmax())),
    ),
    Patient(
        "a sigmoid for values up to 346",
        ("activation", "loss", "preprocessing", "data"),
        diabetes,
        lambda: network(
            hidden(),
            layers.Dense(1, "sigmoid"),
            inputs=10,
            loss="mse",
            by=Adam(0.01),
        ),
        epochs=60,
    ),
    Patient(
        "pixels from 0 to 255",
        ("preprocessing", "data"),
        raw_digits,
        lambda: network(hidden(), hidden(), softmax(), by=SGD(0.05)),
    ),
    Patient(
        "ten layers of sigmoids",
        ("activation", "initialization", "architecture", "numerics"),
        digits,
        lambda: network(
            *(hidden(64, "sigmoid", "glorot_uniform") for _ in range(10)),
            softmax(),
        ),
    ),
    Patient(
        "all weights begin at zero",
        ("initialization",),
        digits,
        lambda: network(
            hidden(start="zeros"), hidden(start="zeros"), softmax()
        ),
    ),
    Patient(
        "a learning rate of 3",
        ("learning_rate", "optimizer"),
        digits,
        lambda: network(hidden(), hidden(), softmax(), by=Adam(3.0)),
    ),
    Patient(
        "a learning rate of 1e-7",
        ("learning_rate", "optimizer", "epochs"),
        digits,
        lambda: network(hidden(), hidden(), softmax(), by=Adam(1e-7)),
    ),
    Patient(
        "two updates in all",
        ("epochs", "batch_size", "optimizer"),
        digits,
        lambda: network(hidden(), softmax()),
        epochs=2,
        batch_size=1497,
    ),
    Patient(
        "dropout of 0.98",
        ("regularization",),
        digits,
        lambda: network(
            hidden(), layers.Dropout(0.98), hidden(), layers.Dropout(0.98),
            softmax(),
        ),
    ),
)  # fmt: skip


def _frozen(layer):
    layer.trainable = False
    return layer


def _with_accuracy(model):
    model.compile(Adam(), "mse", metrics=["accuracy"])
    return model
