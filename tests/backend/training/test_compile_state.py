"""What a copy of a model is compiled with."""

import keras
import pytest

from keras_trainkit.backend.training.compile_state import carry_compile_state
from keras_trainkit.backend.training.compile_state import uncompile
from tests.helpers.models import linear_model


class Critic(keras.Sequential):
    def compile(self, optimizer="sgd", critic=None, **kwargs):
        super().compile(optimizer, **kwargs)


def copies_of(model, clone):
    pairs = zip(model.variables, clone.variables, strict=True)
    return {id(a): (a, b) for a, b in pairs}


@pytest.mark.one_backend
def carried(**settings):
    model, clone = linear_model(), linear_model()
    model.compile("adam", "mse", **settings)
    carry_compile_state(model, clone, copies_of(model, clone))
    return model, clone


@pytest.mark.one_backend
def test_loss_and_settings_are_those_given():
    model, clone = carried(loss_weights=[2.0], steps_per_execution=3)
    assert clone.loss == "mse"
    given, found = model.get_compile_config(), clone.get_compile_config()
    assert found["loss_weights"] == given["loss_weights"] == [2.0]
    assert clone.steps_per_execution == 3
    assert type(clone.optimizer) is type(model.optimizer)


@pytest.mark.one_backend
def test_metrics_are_copies():
    metric = keras.metrics.MeanSquaredError(name="error")
    _, clone = carried(metrics=[metric], weighted_metrics=["mae"])
    found = clone.get_compile_config()["metrics"]
    assert found[0]["config"]["name"] == "error"
    assert not any(one is metric for one in clone.metrics)


@pytest.mark.one_backend
def test_a_setting_changed_after_compile_is_kept():
    model, clone = linear_model(), linear_model()
    model.compile("sgd", "mse")
    model.run_eagerly = True
    carry_compile_state(model, clone, copies_of(model, clone))
    assert clone.run_eagerly


@pytest.mark.one_backend
def test_a_compile_with_more_arguments_is_refused():
    model = Critic([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(critic=1, loss="mse")
    clone = Critic([keras.Input((2,)), keras.layers.Dense(1)])
    with pytest.raises(ValueError, match=r"\['critic'\].*compile=False"):
        carry_compile_state(model, clone, copies_of(model, clone))
    assert not clone.compiled


def test_a_model_is_uncompiled():
    model = linear_model()
    model.compile("sgd", "mse")
    uncompile(model)
    assert not model.compiled and model.optimizer is None
