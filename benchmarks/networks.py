"""The networks that more than one benchmark trains."""

import keras


def deep_model():
    keras.utils.set_random_seed(0)
    hidden = [keras.layers.Dense(64, activation="relu") for _ in range(6)]
    model = keras.Sequential(
        [keras.Input((64,)), *hidden, keras.layers.Dense(1)]
    )
    model.compile(keras.optimizers.Adam(1e-3), "mse")
    return model


def dense_layers():
    """Returns an input shape, and five dense layers, 256 units wide."""
    layers = [keras.layers.Dense(256, "relu") for _ in range(4)]
    return (64,), [*layers, keras.layers.Dense(1)]


def convolutional_layers():
    """Returns an input shape, four convolutions and a head."""
    layers = [
        keras.layers.Conv2D(32, 3, stride, activation="relu", padding="same")
        for stride in (1, 2, 1, 2)
    ]
    pool = keras.layers.GlobalAveragePooling2D()
    return (32, 32, 3), [*layers, pool, keras.layers.Dense(1)]
