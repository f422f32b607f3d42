"""Instruments that come and go share one step of the model."""

import keras
import pytest

from keras_trainkit.backend.training.instrumented_step import instrumented_step
from keras_trainkit.backend.training.running_fit import RunningFit
from keras_trainkit.backend.training.train_function import rebuild
from keras_trainkit.probing.finite_steps import FiniteSteps
from keras_trainkit.probing.gradient_norms import GradientNorms
from keras_trainkit.probing.instrumented_fit import add_instrument
from keras_trainkit.probing.instrumented_fit import remove_instrument
from keras_trainkit.probing.instrumented_fit import require_in_step
from tests.helpers.models import linear_model


@pytest.fixture
def model():
    model = linear_model()
    model.compile("sgd", "mse", jit_compile=keras.backend.backend() == "jax")
    model.optimizer.build(model.trainable_variables)
    return model


def add(model, instrument):
    add_instrument(model, instrument, RunningFit(), lambda: rebuild(model))


def test_the_first_may_leave_before_the_second(model):
    first, second = GradientNorms(model), FiniteSteps(model)
    add(model, first)
    alone = instrumented_step(model)
    add(model, second)
    assert instrumented_step(model).instruments == [first, second]
    remove_instrument(model, first)
    assert instrumented_step(model).instruments == [second]
    remove_instrument(model, second)
    assert instrumented_step(model) is None
    add(model, first)
    assert instrumented_step(model) is alone


def test_one_that_is_not_in_the_step_is_named(model):
    instrument = GradientNorms(model)
    add(model, instrument)
    require_in_step(model, instrument, "Owner")
    vars(model)["train_step"] = lambda *args: None
    with pytest.raises(ValueError, match="left to Owner"):
        require_in_step(model, instrument, "Owner")
    assert "_clip_gradients" not in vars(model.optimizer)
