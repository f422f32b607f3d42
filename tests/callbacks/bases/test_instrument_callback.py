"""What every callback with an instrument refuses, and builds."""

import keras
import pytest

import keras_trainkit as ktk
from tests.helpers.models import mlp
from tests.helpers.models import regression_data

X, Y = regression_data(16)
QUICK = {"jit_compile": keras.backend.backend() == "jax"}


def test_a_step_that_is_not_compiled_runs_without_keras_fit():
    model, monitor = mlp(), ktk.callbacks.GradientMonitor()
    model.compile("sgd", "mse", **QUICK)
    hooks = keras.callbacks.CallbackList([monitor], model=model)
    hooks.on_train_begin()
    hooks.on_epoch_begin(0)
    hooks.on_train_batch_begin(0)
    model.train_on_batch(X, Y)
    hooks.on_train_batch_end(0)
    hooks.on_epoch_end(0, {})
    hooks.on_train_end()
    assert monitor.totals["update_to_weight"][0] > 0
    assert "train_step" not in vars(model)


def test_updates_by_a_loop_of_ones_own_are_refused():
    model, monitor = mlp(), ktk.callbacks.GradientMonitor()
    model.compile("sgd", "mse", **QUICK)
    hooks = keras.callbacks.CallbackList([monitor], model=model)
    hooks.on_train_begin()
    hooks.on_epoch_begin(0)
    variables = model.trainable_variables
    gradients = [keras.ops.ones(v.shape) for v in variables]
    model.optimizer.apply(gradients, variables)
    with pytest.raises(ValueError, match="1 updates, 0 of them"):
        hooks.on_epoch_end(0, {})
    hooks.on_train_end()


def test_an_optimizer_of_many_is_refused():
    model = mlp()
    model.compile(None, "mse", **QUICK)
    monitor = ktk.callbacks.GradientMonitor()
    monitor.set_model(model)
    with pytest.raises(ValueError, match="a single optimizer"):
        monitor.on_train_begin()
