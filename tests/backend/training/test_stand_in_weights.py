"""Other values for the steps of an evaluation only."""

import keras
import numpy as np
import pytest

from keras_trainkit.backend.devices.device_copies import read_copies
from keras_trainkit.backend.training.stand_in_weights import StandInWeights
from tests.helpers.arrays import to_numpy

X = np.ones((6, 2), "float32")


class Running:
    def __init__(self):
        self.here = True

    def encloses_caller(self):
        return self.here

    def alive(self):
        return self.here


@pytest.fixture(scope="module")
def model():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    jax = keras.backend.backend() == "jax"
    model.compile("sgd", "mse", jit_compile=jax)
    model.set_weights([np.ones((2, 1)), np.zeros(1)])
    model.make_test_function()
    return model


def evaluate(model):
    return model.evaluate(X, X[:, :1], batch_size=2, verbose=0)


def test_only_the_steps_use_the_other_values(model):
    kernel = model.layers[0].kernel
    other = [3 * one for one in read_copies(kernel)]
    function, running = model.test_function, Running()
    stand_in = StandInWeights(model, [(kernel, other)], running)
    assert evaluate(model) == 1.0
    stand_in.put_on()
    # (3 + 3 - 1)**2, for three batches, and again.
    assert [evaluate(model), evaluate(model)] == [25.0, 25.0]
    assert stand_in.is_on()
    assert to_numpy(kernel).tolist() == [[1.0], [1.0]]
    stand_in.take_off()
    assert model.test_function is function
    assert evaluate(model) == 1.0


def test_a_run_that_is_over_leaves_the_model_s_own(model):
    kernel, running = model.layers[0].kernel, Running()
    stand_in = StandInWeights(model, [(kernel, read_copies(kernel))], running)
    stand_in.put_on()
    running.here = False
    assert evaluate(model) == 1.0
    assert not stand_in.is_on()


def test_an_error_within_a_step_leaves_the_model_s_own(model):
    kernel = model.layers[0].kernel
    other = [3 * one for one in read_copies(kernel)]
    stand_in = StandInWeights(model, [(kernel, other)], Running())
    stand_in.put_on()

    class Dies(keras.utils.PyDataset):
        def __len__(self):
            return 2

        def __getitem__(self, index):
            if index:
                raise OSError("the disk is gone")
            return X, X[:, :1]

    try:
        with pytest.raises(Exception, match="disk is gone"):
            model.evaluate(Dies(), verbose=0)
    finally:
        stand_in.take_off()
    if keras.backend.backend() == "jax":
        # Keras takes the values away for the length of an evaluation.
        model.jax_state_sync()
    assert to_numpy(kernel).tolist() == [[1.0], [1.0]]
