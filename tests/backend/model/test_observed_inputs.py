"""What layers are given, in calls that are compiled or not."""

import keras
import numpy as np

from keras_trainkit.backend.model.compiled_functions import Compiled
from keras_trainkit.backend.model.observed_inputs import observed_inputs
from tests.helpers.arrays import to_numpy


def network():
    model = keras.Sequential(
        [
            keras.Input((3, 2)),
            keras.layers.Masking(),
            keras.layers.Dense(2, kernel_initializer="ones", name="first"),
            keras.layers.BatchNormalization(name="norm"),
        ]
    )
    jax = keras.backend.backend() == "jax"
    model.compile("sgd", "mse", jit_compile=jax)
    return model


def test_inputs_and_masks_of_each_call_in_a_compiled_function():
    model, x = network(), np.ones((2, 3, 2), "float32")
    x[0, 1:] = 0
    norm = model.layers[-1]

    def seen(x):
        found = []

        def see(layer, inputs, mask):
            found.append((layer is norm, inputs, mask))

        with observed_inputs([norm], see):
            model(x, training=False)
            model(2 * x, training=False)
        return [(inputs, mask) for own, inputs, mask in found if own]

    first, second = Compiled(model)(seen)(x)
    np.testing.assert_array_equal(to_numpy(first[0])[1], np.full((3, 2), 2.0))
    np.testing.assert_array_equal(to_numpy(second[0])[1], np.full((3, 2), 4.0))
    mask = [[True, False, False], [True, True, True]]
    assert to_numpy(first[1]).tolist() == mask
    # The layer is as before.
    assert "call" not in vars(norm)
