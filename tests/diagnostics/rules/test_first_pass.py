"""What the first pass's numbers are blamed on, where no other rule speaks."""

import keras
import numpy as np
import pytest

from keras_trainkit.diagnostics.facts.subject import Subject
from keras_trainkit.diagnostics.rules import first_pass
from keras_trainkit.diagnostics.rules.registry import rules
from tests.helpers.models import regression_data

pytestmark = pytest.mark.one_backend

L = keras.layers
X, Y = regression_data(40)
LABELS = np.arange(40) % 3


@pytest.fixture(autouse=True)
def nobody_else(monkeypatch):
    monkeypatch.setattr(first_pass, "told_by_others", lambda *_: False)


def found(code, *layers, loss="mse", x=X, y=Y):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input(x.shape[1:]), *layers])
    model.compile("sgd", loss)
    (rule,) = (one for one in rules() if one.code == code)
    return [
        (one.topic, one.where) for one in rule.findings(Subject(model, x, y))
    ]


def test_the_loss_or_the_model_fails():
    def failing(y, p):
        raise RuntimeError("on purpose")

    assert found("F101", L.Dense(1), loss=failing) == [("loss", "")]
    assert found("F101", L.Dense(1)) == []


def logarithm(y, p):
    return keras.ops.mean(keras.ops.log(p - 1e9))


def root(y, p):
    return keras.ops.mean(keras.ops.sqrt(0 * p))


def nans(shape, dtype=None):
    return keras.ops.full(shape, np.nan, dtype)


NOT_FINITE = {
    "weights": (
        [L.Dense(1, name="a", kernel_initializer=nans)],
        {},
        [("numerics", "a")],
    ),
    "loss": ([L.Dense(1, name="a")], {"loss": logarithm}, [("numerics", "")]),
    "gradient": ([L.Dense(1, name="a")], {"loss": root}, [("numerics", "a")]),
    "data": ([L.Dense(1)], {"x": X * np.nan}, []),
    "large inputs": (
        [
            L.Dense(4, name="a"),
            L.Activation("relu", name="b"),
            L.Activation("exponential", name="c"),
            L.Dense(1),
        ],
        {"x": 1e6 * X},
        [("preprocessing", "c")],
    ),
}


@pytest.mark.parametrize(
    "layers, options, expected", NOT_FINITE.values(), ids=NOT_FINITE
)
def test_nan_and_infinity(layers, options, expected):
    assert found("F102", *layers, **options) == expected


FIRST_LOSS = {
    "sound": (1, [L.Dense(3, "softmax", name="a")], []),
    "raw inputs": (
        1000,
        [L.Dense(3, "softmax", name="a")],
        [("preprocessing", "a")],
    ),
}


@pytest.mark.parametrize(
    "scale, layers, expected", FIRST_LOSS.values(), ids=FIRST_LOSS
)
def test_a_first_loss_far_above_chance(scale, layers, expected):
    loss = "sparse_categorical_crossentropy"
    assert found("F103", *layers, loss=loss, x=scale * X, y=LABELS) == expected


WORDS = np.array([[0, 5], [7, 9]])
EMBEDDINGS = {
    "too small": (WORDS, 9, [("architecture", "words")]),
    "fits": (WORDS, 10, []),
    "below 0": (WORDS - 1, 10, [("preprocessing", "words")]),
}


@pytest.mark.parametrize(
    "x, size, expected", EMBEDDINGS.values(), ids=EMBEDDINGS
)
def test_numbers_beyond_an_embedding(x, size, expected):
    layers = [L.Embedding(size, 2, name="words"), L.Flatten(), L.Dense(1)]
    assert found("F111", *layers, x=x, y=Y[:2]) == expected


@pytest.mark.parametrize("trainable", [True, False])
def test_a_critic_that_was_trained_may_be_sure(trainable):
    layers = [
        L.Dense(8, "relu"),
        L.Rescaling(100.0),
        L.Dense(3, "softmax", trainable=trainable),
    ]
    loss = "sparse_categorical_crossentropy"
    codes = found("F103", *layers, loss=loss, y=LABELS)
    assert len(codes) == trainable
