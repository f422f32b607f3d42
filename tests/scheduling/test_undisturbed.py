import random

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from keras_trainkit.scheduling.undisturbed import undisturbed
from tests.helpers.arrays import to_numpy
from tests.helpers.fit_state import changes
from tests.helpers.fit_state import random_states

X = np.ones((3, 4), "float32")


@keras.saving.register_keras_serializable(package="keras_trainkit_tests")
class Counter(keras.layers.Layer):
    """Counts its calls, at inference too."""

    def build(self, input_shape):
        self.calls = self.add_weight(shape=(), name="calls", trainable=False)

    def call(self, x):
        self.calls.assign_add(1.0)
        return x


@pytest.fixture
def model():
    model = keras.Sequential(
        [
            keras.Input((4,)),
            Counter(),
            ktk.layers.MCDropout(0.5),
            ktk.layers.MCDropout(0.5, seed=1),
            keras.layers.Dense(2),
        ]
    )
    model.layers[-1].trainable = False
    return model


def state(model):
    values = [to_numpy(v.value) for v in model.variables]
    return {"variables": values, **random_states()}


def use(model):
    model.predict(X, verbose=0)
    random.random()
    np.random.random()
    keras.random.uniform(())


def test_there_is_something_to_put_back(model):
    before = state(model)
    use(model)
    found = changes(before, state(model))
    assert {"variables", "python", "numpy"} <= set(found)


def test_nothing_is_left_behind(model):
    keras.random.uniform(())  # the global generator is made
    before = state(model)
    with undisturbed(model):
        use(model)
    assert changes(before, state(model)) == []


def test_nothing_is_left_behind_after_an_error(model):
    before = state(model)
    with pytest.raises(RuntimeError, match="halfway"), undisturbed(model):
        use(model)
        raise RuntimeError("halfway")
    assert changes(before, state(model)) == []
