import keras
import numpy as np

from keras_trainkit.backend.model.layers import build_on
from keras_trainkit.backend.model.layers import is_built
from keras_trainkit.backend.model.layers import outermost_call


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


class Asking(keras.layers.Layer):
    """Hands to `tell` in whose call it is called."""

    def __init__(self, tell):
        super().__init__()
        self.tell = tell

    def call(self, x):
        self.tell(outermost_call())
        return x


def test_the_outermost_call_is_the_models():
    found, x = [], np.ones((3, 4), "float32")
    layer = Asking(found.append)
    inner = keras.Sequential([layer])
    outer = keras.Sequential([inner])
    outer(x)
    assert found[-1] is outer
    inner(x)
    assert found[-1] is inner
    outer.predict(x, verbose=0)
    assert found[-1] is outer
    layer(x)
    assert found[-1] is layer
    outer.stateless_call([], [], x)
    assert found[-1] is outer
    assert outermost_call() is None
