"""Variables that JAX empties for an epoch have their values back."""

import keras
import numpy as np
import pytest

from keras_trainkit.backend.devices.device_copies import read_copies
from keras_trainkit.backend.training.left_fit import bring_variables_back
from tests.helpers.arrays import to_numpy
from tests.helpers.models import linear_model
from tests.helpers.models import regression_data


class Stop(keras.callbacks.Callback):
    def __init__(self, batch):
        super().__init__()
        self.batch = batch

    def on_train_batch_end(self, batch, logs=None):
        if batch == self.batch:
            raise InterruptedError


class Outer(keras.Model):
    """Trains a model that was lent to it."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def call(self, inputs, training=False):
        return self.inner(inputs)


@pytest.fixture
def lent():
    inner = linear_model()
    outer = Outer(inner)
    outer.compile("sgd", "mse", jit_compile=keras.backend.backend() == "jax")
    return inner, outer, [(v, read_copies(v)) for v in inner.variables]


def test_the_last_values_are_there_after_an_interrupt(lent):
    inner, outer, kept = lent
    with pytest.raises(InterruptedError):
        outer.fit(*regression_data(), verbose=0, callbacks=[Stop(0)])
    bring_variables_back(outer, kept)
    assert not np.array_equal(to_numpy(inner.weights[0]), kept[0][1][0])


def test_values_that_a_step_has_used_up_are_those_from_before(lent):
    inner, outer, kept = lent
    x, y = regression_data()
    outer.fit(x, y, verbose=0)
    after = to_numpy(inner.weights[0])
    train_step = outer.train_function

    def used_up(*state):
        train_step(*state)
        raise InterruptedError

    outer.make_train_function = lambda force=False: None
    outer.train_function = used_up
    with pytest.raises(InterruptedError):
        outer.fit(x, y, verbose=0)
    bring_variables_back(outer, kept)
    found = to_numpy(inner.weights[0])
    assert np.isfinite(found).all()
    if keras.backend.backend() == "jax":
        np.testing.assert_array_equal(found, kept[0][1][0])
    assert not np.array_equal(after, kept[0][1][0])
