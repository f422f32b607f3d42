"""Toy problems solved properly: the sound twins of what people ask about."""

import keras
import numpy as np
from keras import layers
from sklearn import datasets

from tests.corpus import arrays
from tests.corpus.program import Program


def _sequential(columns, *stack):
    return keras.Sequential([layers.Input((columns,)), *stack])


def xor():
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], "float32")
    y = np.array([[0], [1], [1], [0]], "float32")
    model = _sequential(
        2,
        layers.Dense(8, activation="tanh"),
        layers.Dense(1, activation="sigmoid"),
    )
    model.compile(
        keras.optimizers.Adam(0.05), "binary_crossentropy", metrics=["accuracy"]
    )
    return Program(
        model,
        x,
        y,
        batch_size=4,
        epochs=300,
        validation_data=(x, y),
        task="classes",
    )


def straight_line():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(250, 1)).astype("float32")
    y = 2 * x - 1 + rng.normal(0, 0.1, x.shape)
    model = _sequential(1, layers.Dense(1))
    model.compile(keras.optimizers.SGD(0.05), "mse", metrics=["mae"])
    train, test = arrays.held_out(x, y.astype("float32"), 200)
    return Program(
        model, *train, epochs=30, validation_data=test, task="regression"
    )


def sine():
    rng = np.random.default_rng(0)
    angle = rng.uniform(-np.pi, np.pi, (500, 1)).astype("float32")
    y = np.sin(angle)
    model = _sequential(
        1,
        layers.Dense(32, activation="tanh"),
        layers.Dense(32, activation="tanh"),
        layers.Dense(1),
    )
    model.compile(keras.optimizers.Adam(5e-3), "mse")
    train, test = arrays.held_out(angle / np.pi, y, 400)
    return Program(
        model, *train, epochs=80, validation_data=test, task="regression"
    )


def moons():
    x, y = datasets.make_moons(400, noise=0.15, random_state=0)
    x = arrays.standardized(x, 320)
    model = _sequential(
        2,
        layers.Dense(16, activation="relu", kernel_initializer="he_normal"),
        layers.Dense(16, activation="relu", kernel_initializer="he_normal"),
        layers.Dense(1),
    )
    model.compile(
        keras.optimizers.Adam(5e-3),
        keras.losses.BinaryCrossentropy(from_logits=True),
        metrics=[keras.metrics.BinaryAccuracy(threshold=0.0)],
    )
    train, test = arrays.held_out(x, y.astype("float32")[:, None], 320)
    return Program(model, *train, epochs=60, validation_data=test)


def circles_two_outputs():
    x, y = datasets.make_circles(400, noise=0.05, factor=0.5, random_state=0)
    model = _sequential(
        2,
        layers.Dense(32, activation="relu"),
        layers.Dense(2, activation="softmax"),
    )
    model.compile(
        keras.optimizers.Adam(0.01),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    train, test = arrays.held_out(x.astype("float32"), y.astype("int32"), 320)
    return Program(
        model, *train, epochs=60, validation_data=test, task="classes"
    )


def parity_of_six_bits():
    numbers = np.arange(64)
    x = (numbers[:, None] >> np.arange(6) & 1).astype("float32")
    y = (x.sum(-1) % 2).astype("float32")[:, None]
    x = 2 * x - 1
    model = _sequential(
        6,
        layers.Dense(64, activation="relu", kernel_initializer="he_uniform"),
        layers.Dense(1, activation="sigmoid"),
    )
    model.compile(
        keras.optimizers.Adam(0.01), "binary_crossentropy", metrics=["accuracy"]
    )
    return Program(
        model, x, y, batch_size=16, epochs=150, validation_data=(x, y)
    )


PROGRAMS = {
    "xor": xor,
    "straight_line": straight_line,
    "sine": sine,
    "moons": moons,
    "circles_two_outputs": circles_two_outputs,
    "parity_of_six_bits": parity_of_six_bits,
}
