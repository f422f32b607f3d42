import keras
import numpy as np
import pytest

from keras_trainkit.backend.optimizer.own_rates import OwnRates
from keras_trainkit.backend.optimizer.own_rates import variable_key
from tests.helpers.arrays import to_numpy


class ByItself(keras.optimizers.Optimizer):
    """Updates all at once, past `update_step`."""

    def __init__(self):
        super().__init__(learning_rate=0.1)

    def _backend_update_step(self, grads, trainable_variables, learning_rate):
        for gradient, variable in zip(grads, trainable_variables, strict=True):
            variable.assign(variable - learning_rate * gradient)


def setting(optimizer, multipliers):
    variables = [keras.Variable(np.ones(2, "float32")) for _ in multipliers]
    optimizer.build(variables)
    keys = [variable_key(optimizer, variable) for variable in variables]
    rates = OwnRates(dict(zip(keys, multipliers, strict=True)), "float32")
    return variables, rates


class WithoutGate(ByItself):
    """Overrides all of `apply`."""

    def apply(self, grads, trainable_variables=None):
        for gradient, variable in zip(grads, trainable_variables, strict=True):
            variable.assign(variable - 0.1 * gradient)


@pytest.mark.parametrize("make", [ByItself, WithoutGate])
def test_an_optimizer_that_updates_by_itself_is_refused(make):
    optimizer = make()
    variables, rates = setting(optimizer, [1.0, 0.5])
    grads = [keras.ops.ones((2,))] * 2
    with (
        pytest.raises(ValueError, match="update_step"),
        rates.act(optimizer),
    ):
        optimizer.apply(grads, variables)


@pytest.mark.parametrize("make", [keras.optimizers.SGD, keras.optimizers.Nadam])
def test_the_hooks_are_gone_after_an_error(make):
    optimizer = make(0.1)
    _, rates = setting(optimizer, [1.0, 0.5])
    before = dict(vars(optimizer))
    with pytest.raises(RuntimeError, match="planned"), rates.act(optimizer):
        raise RuntimeError("planned")
    assert vars(optimizer) == before


def test_an_update_step_of_the_instance_is_used_and_put_back():
    optimizer, seen = keras.optimizers.Adagrad(0.1), []
    variables, rates = setting(optimizer, [1.0, 0.5])
    plain, name = optimizer.update_step, "update_step"
    if hasattr(optimizer, "_parallel_update_step"):
        plain, name = optimizer._parallel_update_step, "_parallel_update_step"

    def own(*args):
        seen.append(float(to_numpy(keras.ops.convert_to_tensor(args[2]))))
        return plain(*args)

    vars(optimizer)[name] = own
    with rates.act(optimizer):
        optimizer.apply([keras.ops.ones((2,))] * 2, variables)
    assert seen == pytest.approx([0.1, 0.05])
    assert vars(optimizer)[name] is own
