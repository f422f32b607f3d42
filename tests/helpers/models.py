"""Tiny models. Shapes are shared so that compiled functions are cached."""

import keras
import numpy as np

FEATURES = 8
SAMPLES = 64


def regression_data(samples=SAMPLES, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(samples, FEATURES)).astype("float32")
    y = rng.normal(size=(samples, 1)).astype("float32")
    return x, y


def linear_model(seed=1, dtype=None):
    """One Dense(1): a NumPy replay of it is three lines."""
    keras.utils.set_random_seed(seed)
    return keras.Sequential(
        [keras.Input((FEATURES,)), keras.layers.Dense(1, dtype=dtype)]
    )


def mlp(seed=1, units=4):
    keras.utils.set_random_seed(seed)
    return keras.Sequential(
        [
            keras.Input((FEATURES,)),
            keras.layers.Dense(units, activation="tanh", name="hidden"),
            keras.layers.Dense(1, name="head"),
        ]
    )


@keras.saving.register_keras_serializable(package="keras_trainkit_tests")
class SubclassedMLP(keras.Model):
    """Subclassed, with attributes in another order than the forward pass."""

    def __init__(self, units=4, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.head = keras.layers.Dense(1, name="head")
        self.hidden = keras.layers.Dense(units, name="hidden")

    def call(self, x):
        return self.head(keras.ops.tanh(self.hidden(x)))

    def get_config(self):
        return {**super().get_config(), "units": self.units}
