"""The network that more than one benchmark trains."""

import keras


def deep_model():
    keras.utils.set_random_seed(0)
    hidden = [keras.layers.Dense(64, activation="relu") for _ in range(6)]
    model = keras.Sequential(
        [keras.Input((64,)), *hidden, keras.layers.Dense(1)]
    )
    model.compile(keras.optimizers.Adam(1e-3), "mse")
    return model
