"""Evaluate and predict, after other variables train."""

import keras
import numpy as np
import pytest

from keras_trainkit.backend.training.inference_functions import (
    keep_inference_functions,
)
from tests.helpers.arrays import to_numpy
from tests.helpers.models import regression_data
from tests.helpers.traces import QUICK

X, Y = regression_data(24)
L = keras.layers


class Noisy(L.Layer):
    """Counts its calls: a state that inference changes."""

    def build(self, shape):
        self.calls = self.add_weight(
            shape=(), initializer="zeros", trainable=False
        )

    def call(self, x):
        self.calls.assign_add(1.0)
        return x


def compiled(**options):
    x = keras.Input((8,))
    y = L.Dense(8, name="b")(L.Dense(8, name="a")(x))
    y = L.BatchNormalization()(Noisy(name="noisy")(y))
    model = keras.Model(x, L.Dense(1, name="head")(y))
    options = options or QUICK
    model.compile("sgd", "mse", metrics=["mae"], **options)
    model.fit(X, Y, verbose=0)
    return model


def train_only(model, *names):
    for layer in model.layers:
        layer.trainable = layer.name in names


def results(model):
    """With a last batch that is smaller."""
    return (
        model.evaluate(X, Y, batch_size=16, verbose=0),
        model.predict(X, batch_size=16, verbose=0),
        to_numpy(model.get_layer("noisy").calls),
    )


def swapped(model):
    train_only(model, "b")


def all_frozen(model):
    model.trainable = False


def one_bias(model):
    train_only(model, "head")
    model.get_layer("head").kernel.trainable = False


OPTIONS = {
    "default": QUICK,
    "several steps": {**QUICK, "steps_per_execution": 2},
    "eager": {"run_eagerly": True, "jit_compile": False},
}
if keras.backend.backend() == "torch":
    del OPTIONS["several steps"]  # Keras refuses it there.


CASES = [
    *((change, QUICK) for change in (swapped, all_frozen, one_bias)),
    *((one_bias, OPTIONS[name]) for name in OPTIONS if name != "default"),
]


@pytest.mark.parametrize("change, options", CASES)
def test_results_are_those_of_functions_made_anew(change, options):
    model = compiled(**options)
    train_only(model, "a")
    keep_inference_functions(model)
    results(model)
    change(model)
    keep_inference_functions(model)
    twin = keras.models.clone_model(model)
    twin.compile("sgd", "mse", metrics=["mae"], **options)
    twin.set_weights(model.get_weights())
    for _ in range(2):
        for ours, theirs in zip(results(model), results(twin), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-5)


def test_what_the_user_put_on_the_instance_stays():
    model = compiled()
    own = model.predict_step
    model.__dict__["predict_step"] = own
    keep_inference_functions(model)
    model.predict(X, verbose=0)
    assert model.__dict__["predict_step"] is own
    assert "test_step" not in model.__dict__


def test_a_model_that_got_variables_is_followed():
    model = compiled()
    keep_inference_functions(model)
    before = model.predict(X, verbose=0)
    model.get_layer("a").enable_lora(2)
    np.testing.assert_allclose(model.predict(X, verbose=0), before, rtol=1e-5)


def test_a_model_that_is_not_compiled_has_none():
    model = keras.Sequential([keras.Input((8,)), L.Dense(1)])
    keep_inference_functions(model)
    assert model.predict_function is None


def test_a_loss_of_evaluation_counts_what_is_regularised_now():
    frozen = L.Dense(3, kernel_regularizer="l2", trainable=False)
    model = keras.Sequential([keras.Input((8,)), frozen, L.Dense(1)])
    model.compile("sgd", "mse", **QUICK)
    before = model.evaluate(X, Y, verbose=0)
    frozen.trainable = True
    keep_inference_functions(model)
    penalty = 0.01 * (to_numpy(frozen.kernel) ** 2).sum()
    after = model.evaluate(X, Y, verbose=0)
    assert after == pytest.approx(before + penalty, rel=1e-5)
