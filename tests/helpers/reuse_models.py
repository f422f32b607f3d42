"""Tiny networks with groups of layers, for searches for the depth."""

import keras
import numpy as np

FEATURES = 8
L = keras.layers


def chain(compiled=True, **options):
    """Three groups, one with a norm, and a head behind dropout."""
    keras.utils.set_random_seed(5)
    model = keras.Sequential(
        [
            keras.Input((FEATURES,)),
            L.Dense(6, "relu", name="stem"),
            L.Dense(5, name="middle"),
            L.BatchNormalization(name="norm"),
            L.ReLU(name="relu"),
            L.Dense(4, "relu", name="top"),
            L.Dropout(0.2, name="dropout"),
            L.Dense(2, name="head"),
        ]
    )
    if compiled:
        model.compile(keras.optimizers.Adam(0.01), "mse", **options)
    return model


def pair(**options):
    """One group and a head."""
    keras.utils.set_random_seed(5)
    model = keras.Sequential(
        [
            keras.Input((FEATURES,)),
            L.Dense(4, "tanh", name="stem"),
            L.Dense(2, name="head"),
        ]
    )
    model.compile(keras.optimizers.SGD(0.1), "mse", **options)
    return model


def nested():
    """Two groups in a model, and a head on top."""
    base = keras.Sequential(
        [
            keras.Input((FEATURES,)),
            L.Rescaling(0.5),
            L.Dense(6, "relu", name="low"),
            L.Dense(5, "relu", name="high"),
            L.Reshape((5, 1)),
            L.GlobalAveragePooling1D(),
        ],
        name="base",
    )
    inputs = keras.Input((FEATURES,))
    return keras.Model(inputs, L.Dense(2, name="head")(base(inputs)))


def residual():
    """A group that a shortcut leads past, between two others."""
    inputs = keras.Input((FEATURES,))
    x = L.Dense(4, name="low")(inputs)
    x = L.Add()([x, L.Dense(4, name="around")(x)])
    x = L.Dense(4, name="high")(x)
    return keras.Model(inputs, L.Dense(2, name="head")(x))


def convolutional():
    """Two groups of convolutions, one behind the pooling, and a head."""
    keras.utils.set_random_seed(5)
    return keras.Sequential(
        [
            keras.Input((FEATURES, 1)),
            L.Conv1D(3, 3, padding="same", name="low"),
            L.Conv1D(4, 3, activation="relu", name="high"),
            L.GlobalAveragePooling1D(name="pool"),
            L.Dense(5, "relu", name="top"),
            L.Dense(2, name="head"),
        ]
    )


def data(rows=16, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, FEATURES)).astype("float32")
    return x, rng.normal(size=(rows, 2)).astype("float32")
