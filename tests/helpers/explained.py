"""Errors about shapes that are raised on purpose, and the notes on them."""

import keras
import numpy as np
import pytest

from keras_trainkit.diagnostics.shape_errors.explain import explain


def note_of(broken, **given):
    """Returns the note on the error that `broken()` raises."""
    with pytest.raises(Exception) as raised, explain(**given):
        broken()
    notes = getattr(raised.value, "__notes__", [])
    return next((n for n in notes if "keras_trainkit" in n), "")


def compiled(*layers, loss="mse"):
    """Returns a compiled `Sequential` of some layers."""
    model = keras.Sequential(list(layers))
    model.compile("sgd", loss)
    return model


def values(*shape):
    """Returns an array of small numbers of some shape."""
    return np.linspace(-1.0, 1.0, int(np.prod(shape)), dtype="float32").reshape(
        shape
    )


class TwoSizes(keras.Layer):
    """Adds what two layers of 16 units and one of 12 make of its input."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.query = keras.layers.Dense(16, name="query")
        self.key = keras.layers.Dense(16, name="key")
        self.value = keras.layers.Dense(12, name="value")

    def build(self, shape):
        for layer in (self.query, self.key, self.value):
            layer.build(shape)

    def call(self, x):
        return self.query(x) * self.key(x) + self.value(x)


class Mixing(keras.Model):
    """Multiplies by a weight of its own that has too few rows."""

    def __init__(self):
        super().__init__(name="own")
        self.inner = keras.layers.Dense(6, name="inner")
        self.mixing = self.add_weight(shape=(5, 3), name="mixing")

    def call(self, x):
        hidden = self.inner(x)
        return keras.ops.matmul(hidden, self.mixing)


class FixedRows(keras.Layer):
    """Adds a tensor that has 32 rows whatever the batch."""

    def call(self, x):
        return x + keras.ops.ones((32, 6))
