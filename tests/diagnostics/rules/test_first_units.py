"""What units that say nothing are blamed on, where no other rule speaks."""

import keras
import numpy as np
import pytest

from keras_trainkit.diagnostics.facts.subject import Subject
from keras_trainkit.diagnostics.rules import first_units
from keras_trainkit.diagnostics.rules.registry import rules
from tests.helpers.models import FEATURES
from tests.helpers.models import regression_data

pytestmark = pytest.mark.one_backend

L, init = keras.layers, keras.initializers
X, Y = regression_data(40)


@pytest.fixture(autouse=True)
def nobody_else(monkeypatch):
    monkeypatch.setattr(first_units, "told_by_others", lambda *_: False)


def found(code, *layers, x=X):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((FEATURES,)), *layers])
    (rule,) = (one for one in rules() if one.code == code)
    return [(one.topic, one.where) for one in rule.findings(Subject(model, x))]


def relu(**options):
    return [L.Dense(8, "relu", name="a", **options), L.Dense(1)]


NEGATIVE = init.RandomUniform(-0.2, -0.1, seed=0)
DEAD = {
    "sound": (relu(), X, []),
    "bias": (
        relu(bias_initializer=init.Constant(-50.0)),
        X,
        [("initialization", "a")],
    ),
    "kernel": (
        relu(kernel_initializer=NEGATIVE),
        np.abs(X),
        [("initialization", "a")],
    ),
    "the output": ([L.Dense(8, "relu", bias_initializer=NEGATIVE)], 0 * X, []),
}


@pytest.mark.parametrize("layers, x, expected", DEAD.values(), ids=DEAD)
def test_dead_units(layers, x, expected):
    assert found("F104", *layers, x=x) == expected


def tanh(**options):
    return [L.Dense(8, "tanh", name="a", **options), L.Dense(1)]


WIDE = init.RandomNormal(stddev=500.0, seed=0)
SATURATED = {
    "sound": (tanh(), X, []),
    "inputs": (tanh(), 1e4 * X, [("preprocessing", "a")]),
    "kernel": (tanh(kernel_initializer=WIDE), X, [("initialization", "a")]),
    "the output": ([L.Dense(8, "tanh", kernel_initializer=WIDE)], X, []),
}


@pytest.mark.parametrize(
    "layers, x, expected", SATURATED.values(), ids=SATURATED
)
def test_saturated_units(layers, x, expected):
    assert found("F105", *layers, x=x) == expected


EQUAL = {
    "sound": ([L.Dense(1)], X, []),
    "a constant": (
        [L.Dense(4), L.Rescaling(0.0, name="b"), L.Dense(1)],
        X,
        [("architecture", "b")],
    ),
    "zero weights": ([L.Dense(1, kernel_initializer="zeros")], X, []),
}


@pytest.mark.parametrize("layers, x, expected", EQUAL.values(), ids=EQUAL)
def test_one_answer(layers, x, expected):
    assert found("F106", *layers, x=x) == expected


def test_one_answer_behind_frozen_layers_is_advice():
    body = L.Dense(4, trainable=False, kernel_initializer=init.Constant(1e-9))
    layers = [body, L.Rescaling(0.0), L.Dense(1)]
    model = keras.Sequential([keras.Input((FEATURES,)), *layers])
    (rule,) = (one for one in rules() if one.code == "F106")
    (one,) = rule.findings(Subject(model, X))
    assert one.severity == "advice"
