import keras
import numpy as np

from keras_trainkit.backend.model.layers import build_on
from keras_trainkit.backend.model.layers import is_built


def model():
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Dense(2), keras.layers.Dropout(0.5)]
    return keras.Sequential(layers)


def test_a_model_is_built_as_by_a_call():
    x = np.ones((3, 4), "float32")
    ours, theirs = model(), model()
    assert not is_built(ours)
    build_on(ours, x)
    theirs(x)
    assert is_built(ours)
    for one, other in zip(
        ours.get_weights(), theirs.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(one, other)
