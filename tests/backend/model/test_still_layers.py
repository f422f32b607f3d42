"""A layer's class asks for the flag, and looks like Keras's own."""

import keras
import numpy as np
import pytest

from keras_trainkit.backend.model.still_layers import set_stillness
from keras_trainkit.backend.model.still_layers import stillness
from tests.helpers.arrays import to_numpy

ONES = np.ones((2, 4), "float32")


class Spectral(keras.layers.SpectralNormalization):
    """A subclass of the user's, with a `call` of its own."""

    def call(self, inputs, training=False):
        return super().call(inputs, training=training) + 1


def built(kind=keras.layers.SpectralNormalization):
    layer = kind(keras.layers.Dense(3))
    layer.build((None, 4))
    return layer


def kernel(layer):
    return to_numpy(layer.kernel.value).copy()


@pytest.mark.parametrize("kind", [keras.layers.SpectralNormalization, Spectral])
def test_in_training_mode_only_what_trains_moves(kind):
    layer = built(kind)
    set_stillness(layer, (True, False))
    layer.trainable = False
    before = kernel(layer)
    outputs = to_numpy(layer(ONES, training=True))
    np.testing.assert_array_equal(kernel(layer), before)
    np.testing.assert_array_equal(outputs, to_numpy(layer(ONES)))
    layer.trainable = True
    layer(ONES, training=True)
    assert not np.array_equal(kernel(layer), before)


def test_the_class_comes_and_goes():
    layer = built(Spectral)
    assert stillness(layer) == (False, False)
    set_stillness(layer, (True, True))
    assert stillness(layer) == (True, True)
    assert isinstance(layer, Spectral) and type(layer) is not Spectral
    assert type(layer).__name__ == "Spectral"
    set_stillness(layer, (True, True))
    set_stillness(layer, (False, False))
    assert type(layer) is Spectral
    assert stillness(layer) == (False, False)


def test_others_need_no_care():
    layer = keras.layers.BatchNormalization()
    assert stillness(layer) is None
    set_stillness(layer, None)
    assert type(layer) is keras.layers.BatchNormalization


def test_a_copy_by_its_config_is_keras_own_in_a_file():
    layer = built()
    set_stillness(layer, (True, False))
    saved = keras.saving.serialize_keras_object(layer)
    assert saved == {**saved, "class_name": "SpectralNormalization"}
    back = keras.saving.deserialize_keras_object(saved)
    assert type(back) is keras.layers.SpectralNormalization
