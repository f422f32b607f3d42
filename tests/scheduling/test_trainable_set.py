"""Optimizer and compiled steps follow the trainable flags."""

import keras
import numpy as np
import pytest

from keras_trainkit.scheduling.trainable_set import build_optimizer
from keras_trainkit.scheduling.trainable_set import reform_optimizer
from tests.helpers.compiled_by_hand import compiled_by_hand
from tests.helpers.models import regression_data
from tests.helpers.tanh_net import tanh_net

X, Y = regression_data(16)


@pytest.mark.parametrize("compiled", [False, True])
def test_without_slots_compiled_functions_alone_are_made_anew(compiled):
    model = tanh_net()
    if compiled:
        model.compile("lion", "mse")
    model.predict(X, verbose=0)
    optimizer = getattr(model, "optimizer", None)
    before = model.predict_function
    reform_optimizer(model)
    assert model.predict_function is not before
    assert model.train_function is None
    assert getattr(model, "optimizer", None) is optimizer
    assert optimizer is None if not compiled else not optimizer.built


def test_an_optimizer_is_built_once():
    model = tanh_net()
    model.compile(keras.optimizers.SGD(0.1, momentum=0.9), "mse")
    build_optimizer(model)
    before = [id(variable) for variable in model.optimizer.variables]
    build_optimizer(model)
    assert [id(variable) for variable in model.optimizer.variables] == before
    assert len(before) == 2 + len(model.trainable_variables)


def test_the_next_compiled_step_sees_the_flags():
    model = tanh_net()
    model.compile(keras.optimizers.SGD(0.1, momentum=0.9), "mse")
    model.fit(X, Y, verbose=0)
    low = model.get_layer("low")
    low.trainable = False
    reform_optimizer(model)
    before = low.get_weights()
    model.fit(X, Y, verbose=0)
    assert int(model.optimizer.iterations) == 2
    for ours, old in zip(low.get_weights(), before, strict=True):
        np.testing.assert_array_equal(ours, old)


@pytest.mark.skipif(
    keras.backend.backend() == "torch", reason="torch compiles no step by hand"
)
def test_a_train_step_that_its_author_compiled_is_refused():
    class Decorated(keras.Sequential):
        train_step = compiled_by_hand(keras.Sequential.train_step)

    model = Decorated([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    reform_optimizer(model)  # not built: nothing has been compiled over it
    build_optimizer(model)
    before = [id(variable) for variable in model.optimizer.variables]
    with pytest.raises(ValueError, match="Take the decorator off"):
        reform_optimizer(model)
    assert [id(variable) for variable in model.optimizer.variables] == before
