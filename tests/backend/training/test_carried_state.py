"""Variables of ours reach a step, and nothing else sees them."""

import keras
import numpy as np
import pytest

from keras_trainkit.backend.optimizer.anatomy import innermost
from keras_trainkit.backend.training.carried_state import CarriedState
from keras_trainkit.backend.training.carried_state import make_variable
from keras_trainkit.backend.training.carried_state import read_number
from tests.helpers.models import linear_model

JAX = keras.backend.backend() == "jax"


@pytest.fixture
def model():
    model = linear_model()
    inner = keras.optimizers.SGD(0.1)
    model.compile(keras.optimizers.LossScaleOptimizer(inner), "mse")
    model.optimizer.build(model.trainable_variables)
    return model


def test_a_variable_is_in_no_list_of_the_model(model):
    variable = make_variable(model, (2,), "ours")
    np.testing.assert_array_equal(read_number(variable), [0.0, 0.0])
    assert all(variable is not v for v in model.variables)
    assert not variable.trainable


def test_they_are_the_optimizers_within_a_block_on_jax_alone(model):
    ours = make_variable(model, (2,), "ours")
    before = list(model.optimizer.variables)
    carried = CarriedState(model, [ours])
    with pytest.raises(RuntimeError), carried.visible():
        seen = model.optimizer.variables
        raise RuntimeError
    assert [v is ours for v in seen[len(before) :]] == [True] * JAX
    after = model.optimizer.variables
    assert list(map(id, after)) == list(map(id, before))
    assert id(ours) not in map(id, innermost(model.optimizer)._variables)


def test_a_train_function_is_given_them_and_gives_them_back(model):
    ours = make_variable(model, (), "ours")
    carried = CarriedState(model, [ours])

    def function(state, iterator):
        trained, others, slots, metrics = state
        return "logs", (trained, others, [*slots[:-1], slots[-1] + 1], metrics)

    def plain(*args):
        return "logs", args[0]

    state = ([], [], [1.0, 2.0], [])
    result = carried.call(function if JAX else plain, (state, None))
    assert result == ("logs", state)
    assert read_number(ours) == float(JAX)
