"""A train step with instruments acts in its run, and ends with it."""

import keras
import pytest

from keras_trainkit.backend.training.carried_state import make_variable
from keras_trainkit.backend.training.carried_state import read_number
from keras_trainkit.backend.training.instrumented_step import InstrumentedStep
from keras_trainkit.backend.training.instrumented_step import instrumented_step
from keras_trainkit.backend.training.train_function import rebuild
from tests.helpers.models import linear_model
from tests.helpers.models import regression_data

QUICK = {"jit_compile": keras.backend.backend() == "jax"}
X, Y = regression_data(16)


class Counter:
    """Counts updates in the step."""

    def __init__(self, model):
        self.count = make_variable(model, (), "count")
        self.variables = [self.count]

    def around(self, step, carried):
        return step

    def clipping(self, optimizer, plain, grads):
        return plain(grads)

    def applying(self, optimizer, plain, grads, variables):
        plain(grads, variables)
        self.count.assign(keras.ops.convert_to_tensor(self.count) + 1.0)


class Run:
    """Stands for a `RunningFit`."""

    goes_on = True

    def encloses_caller(self):
        return self.goes_on

    def alive(self):
        return self.goes_on

    def forget(self):
        """Keeps nothing."""


@pytest.fixture
def model():
    model = linear_model()
    inner = keras.optimizers.SGD(0.1)
    model.compile(keras.optimizers.LossScaleOptimizer(inner), "mse", **QUICK)
    model.optimizer.build(model.trainable_variables)
    return model


def test_it_acts_in_the_compiled_step_until_the_run_is_over(model):
    counter, run = Counter(model), Run()
    step = InstrumentedStep(model, [counter], run, lambda: rebuild(model))
    step.put_on()
    rebuild(model)
    assert instrumented_step(model) is step
    model.train_on_batch(X, Y)
    model.train_on_batch(X, Y)
    assert read_number(counter.count) == 2.0
    run.goes_on = False
    model.train_on_batch(X, Y)
    assert read_number(counter.count) == 2.0
    assert int(model.optimizer.iterations) == 3
    assert "train_step" not in vars(model)
    inner = model.optimizer.inner_optimizer
    assert not {"_clip_gradients", "_backend_apply_gradients"} & {*vars(inner)}


def test_an_optimizer_used_elsewhere_is_not_watched(model):
    counter = Counter(model)
    step = InstrumentedStep(model, [counter], Run(), lambda: rebuild(model))
    step.put_on()
    gradients = [keras.ops.ones(v.shape) for v in model.trainable_variables]
    inner = model.optimizer.inner_optimizer
    inner.apply(gradients, model.trainable_variables)
    assert read_number(counter.count) == 0.0
    step.take_off()
    assert instrumented_step(model) is None


def test_it_is_used_again_for_the_same_instruments_alone(model):
    counter = Counter(model)
    step = InstrumentedStep(model, [counter], Run(), lambda: rebuild(model))
    assert step.is_for(model, [counter])
    assert not step.is_for(model, [])
    assert not step.is_for(model, [Counter(model)])
    assert not step.is_for(linear_model(), [counter])


def test_a_step_of_ones_own_comes_back(model):
    plain = model.train_step
    vars(model)["train_step"] = own = lambda *args: plain(*args)
    step = InstrumentedStep(model, [], Run(), lambda: rebuild(model))
    step.put_on()
    step.take_off()
    assert vars(model)["train_step"] is own
    assert instrumented_step(model) is None
