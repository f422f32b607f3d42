"""A model that was used in between is as it was."""

import random

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from keras_trainkit.models.inference_undone import inference_undone
from tests.helpers.arrays import to_numpy
from tests.helpers.fit_state import changes
from tests.helpers.fit_state import random_states
from tests.helpers.hidden_state import MODELS as HIDDEN
from tests.helpers.hidden_state import called

INPUTS = np.ones((3, 4), "float32")


@keras.saving.register_keras_serializable(package="keras_trainkit_tests")
class Counter(keras.layers.Layer):
    """Counts its calls, at inference too."""

    def build(self, input_shape):
        self.calls = self.add_weight(shape=(), name="calls", trainable=False)

    def call(self, x):
        self.calls.assign_add(1.0)
        return x


@pytest.fixture
def counting():
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


def state_of(model):
    values = [to_numpy(v.value) for v in model.variables]
    return {"variables": values, **random_states()}


def use(model):
    model.predict(INPUTS, verbose=0)
    random.random()
    np.random.random()
    keras.random.uniform(())


def test_there_is_something_to_put_back(counting):
    before = state_of(counting)
    use(counting)
    found = changes(before, state_of(counting))
    assert {"variables", "python", "numpy"} <= set(found)


def test_nothing_is_left_behind(counting):
    keras.random.uniform(())  # the global generator is made
    before = state_of(counting)
    with inference_undone(counting):
        use(counting)
    assert changes(before, state_of(counting)) == []


def test_nothing_is_left_behind_after_an_error(counting):
    before = state_of(counting)
    with (
        pytest.raises(RuntimeError, match="halfway"),
        inference_undone(counting),
    ):
        use(counting)
        raise RuntimeError("halfway")
    assert changes(before, state_of(counting)) == []


@pytest.mark.parametrize("make", HIDDEN.values(), ids=HIDDEN)
def test_inference_leaves_it_as_it_was(make):
    model = make()
    called(model)
    with inference_undone(model):
        first = called(model)
    np.testing.assert_array_equal(called(model), first)
