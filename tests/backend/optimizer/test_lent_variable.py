import keras
import pytest

from keras_trainkit.backend.optimizer import lent_variable


class Guard:
    def __init__(self, variable):
        self.variable, self.ended = variable, False

    def over(self):
        return self.ended

    def settle(self):
        lent_variable.take_back(self.variable)
        self.variable.assign(1.0)

    def refuse_write(self):
        raise ValueError("foreign")


@pytest.fixture
def lent():
    variable = keras.Variable(1.0)
    guard = Guard(variable)
    lent_variable.lend(variable, guard)
    return variable, guard


def load_own_variables(variable, value):
    variable.assign(value)


def test_reading_a_lent_variable(lent):
    assert float(lent[0]) == 1.0
    assert isinstance(lent[0], keras.Variable)


@pytest.mark.parametrize("write", ["assign", "assign_add"])
def test_a_foreign_write_is_refused(lent, write):
    with pytest.raises(ValueError, match="foreign"):
        getattr(lent[0], write)(2.0)
    assert float(lent[0]) == 1.0


def test_restoring_a_state_is_no_foreign_write(lent):
    load_own_variables(lent[0], 2.0)
    assert float(lent[0]) == 2.0


def test_a_read_after_the_end_settles_first(lent):
    variable, guard = lent
    load_own_variables(variable, 2.0)
    guard.ended = True
    assert float(variable) == 1.0
    assert type(variable) is keras.Variable


def test_a_write_after_the_end_settles_first_and_stands(lent):
    variable, guard = lent
    guard.ended = True
    variable.assign(3.0)
    assert float(variable) == 3.0
    assert type(variable) is keras.Variable


def test_taken_back_it_is_an_ordinary_variable(lent):
    variable, _ = lent
    lent_variable.take_back(variable)
    variable.assign(4.0)
    assert float(variable) == 4.0
    assert type(variable) is keras.Variable


@pytest.mark.parametrize("name", ["load_own_variables", "set_weights"])
def test_keras_still_has_the_callers_that_restore(name):
    assert name in lent_variable._RESTORING_CALLERS
    assert hasattr(keras.optimizers.SGD(), name)


def test_keras_on_jax_still_writes_its_state_back_by_a_method_known_here():
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    names = [
        name
        for name in lent_variable._RESTORING_CALLERS
        if name.endswith("state_sync") and hasattr(model, name)
    ]
    assert bool(names) is (keras.backend.backend() == "jax")
