"""What gradients are blamed on, where no other rule speaks."""

import keras
import numpy as np
import pytest

from keras_trainkit.diagnostics.facts.subject import Subject
from keras_trainkit.diagnostics.rules import first_gradients
from keras_trainkit.diagnostics.rules.registry import rules
from tests.helpers.models import FEATURES
from tests.helpers.models import regression_data

pytestmark = pytest.mark.one_backend

L = keras.layers
X, Y = regression_data(40)


@pytest.fixture(autouse=True)
def nobody_else(monkeypatch):
    monkeypatch.setattr(first_gradients, "told_by_others", lambda *_: False)


def findings(code, model, x=X, y=Y):
    (rule,) = (one for one in rules() if one.code == code)
    return [
        (one.topic, one.where) for one in rule.findings(Subject(model, x, y))
    ]


def stack(*layers, loss="mse"):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((FEATURES,)), *layers, L.Dense(1)])
    model.compile("sgd", loss)
    return model


def deep(activation, scale=1.0):
    kernel = keras.initializers.VarianceScaling(scale, seed=0)
    return stack(
        *(
            L.Dense(8, activation, kernel_initializer=kernel, name=f"d{i}")
            for i in range(8)
        )
    )


VANISHING = {
    "tanh": (deep("tanh"), []),
    "sigmoids": (deep("sigmoid"), [("activation", "d0")]),
    "small kernels": (deep("relu", 0.02), [("initialization", "d0")]),
}


@pytest.mark.parametrize("model, expected", VANISHING.values(), ids=VANISHING)
def test_vanishing(model, expected):
    assert findings("F107", model) == expected


EXPLODING = {
    "sound": (1.0, 1.0, []),
    "inputs": (1e4, 1.0, [("preprocessing", "a")]),
    "targets": (1.0, 1e6, [("preprocessing", "")]),
}


@pytest.mark.parametrize("x, y, expected", EXPLODING.values(), ids=EXPLODING)
def test_exploding(x, y, expected):
    model = stack(L.Dense(8, "relu", name="a"))
    assert findings("F108", model, x * X, y * Y) == expected


def two_outputs(**losses):
    x = keras.Input((FEATURES,))
    outputs = [L.Dense(1, name=name)(x) for name in ("one", "two")]
    model = keras.Model(x, dict(zip(("one", "two"), outputs, strict=True)))
    model.compile("sgd", losses)
    return model


def rounded():
    return stack(L.Dense(4, name="a"), L.Lambda(keras.ops.stop_gradient))


def at_its_bounds():
    return stack(L.Dense(4, name="a"), L.Rescaling(1e9), L.Activation("tanh"))


SILENT = {
    "sound": (stack(L.Dense(4)), Y, []),
    "cut": (rounded(), Y, [("architecture", "a")]),
    "an output without a loss": (two_outputs(one="mse"), {"one": Y}, []),
    "at the bounds of tanh": (at_its_bounds(), Y, []),
}


@pytest.mark.parametrize("model, y, expected", SILENT.values(), ids=SILENT)
def test_layers_without_a_gradient(model, y, expected):
    assert findings("F109", model, y=y) == expected


def test_a_loss_of_zero_is_no_vanishing():
    model = stack(L.Dense(4), L.Dense(4), loss=lambda y, p: 0 * p)
    assert findings("F107", model) == []
    assert np.isfinite(Subject(model, X, Y).first_pass.loss)


@pytest.mark.parametrize(
    "severity, optimizer",
    [
        ("warning", keras.optimizers.SGD(0.01)),
        ("advice", keras.optimizers.SGD(0.01, clipnorm=1.0)),
        ("advice", keras.optimizers.RMSprop(0.01)),
    ],
)
def test_steps_of_bounded_length_bear_large_targets(severity, optimizer):
    model = stack(L.Dense(8, "relu"))
    model.compile(optimizer, "mse")
    (rule,) = (one for one in rules() if one.code == "F108")
    (found,) = rule.findings(Subject(model, X, 1e5 * Y))
    assert found.severity == severity
