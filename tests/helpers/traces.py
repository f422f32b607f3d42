"""How often a model's compiled functions are traced."""

import collections

import keras
import pytest

# XLA on TensorFlow compiles for seconds and adds nothing to most tests.
QUICK = {"jit_compile": keras.backend.backend() == "jax"}

needs_traces = pytest.mark.skipif(
    keras.backend.backend() == "torch", reason="torch traces no step"
)


class Traced(keras.layers.Layer):
    """Passes its input on, and counts: where Python runs, a step is traced.

    Attributes:
        seen: `{training: calls}` since it was last emptied.
    """

    def build(self, input_shape):
        vars(self)["seen"] = collections.Counter()

    def call(self, inputs, training=False):
        self.seen[bool(training)] += 1
        return inputs


def traces(model, action):
    """Returns how often `action` traced a train step, and any other."""
    seen = model.get_layer("traced").seen
    seen.clear()
    action()
    return seen[True], seen[False]


def traced_net(*units):
    """Returns a dense net that counts its traces, its layers "0", "1", ..."""
    model = keras.Sequential([keras.Input((8,)), Traced(name="traced")])
    for i, count in enumerate((*units, 1)):
        model.add(keras.layers.Dense(count, name=str(i)))
    return model
