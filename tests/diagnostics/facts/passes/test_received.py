import keras
import numpy as np
import pytest

from keras_trainkit.diagnostics.facts.passes.received import cause_of_scale
from keras_trainkit.diagnostics.facts.passes.received import embedded
from keras_trainkit.diagnostics.facts.passes.received import large_targets
from keras_trainkit.diagnostics.facts.passes.received import received
from keras_trainkit.diagnostics.facts.subject import Subject
from tests.helpers.models import FEATURES
from tests.helpers.models import regression_data

L = keras.layers
X, Y = regression_data(40)

pytestmark = pytest.mark.one_backend


def subject(*layers, x=X, y=Y):
    model = keras.Sequential([keras.Input((FEATURES,)), *layers])
    model.compile("sgd", "mse")
    return Subject(model, x, y)


def test_what_the_first_kernel_gets():
    raw = subject(L.Dense(2, name="a"), L.Dense(1), x=10 * X)
    size = 10 * np.sqrt(np.mean(X.astype("f8") ** 2))
    assert received(raw) == {"a": pytest.approx(size, rel=1e-4)}
    scaled = subject(L.Rescaling(0.1), L.Dense(1, name="a"), x=10 * X)
    assert received(scaled) == {"a": pytest.approx(size / 10, rel=1e-4)}


WIDE = keras.initializers.RandomNormal(stddev=5.0, seed=0)
CAUSES = {
    "inputs": ([L.Dense(1, name="a")], 100, "preprocessing"),
    "kernel": (
        [L.Dense(1, name="a", kernel_initializer=WIDE)],
        1,
        "initialization",
    ),
    "a layer without weights": (
        [L.Dense(2, name="b"), L.Rescaling(100.0, name="a"), L.Dense(1)],
        1,
        "architecture",
    ),
}


@pytest.mark.parametrize("layers, scale, topic", CAUSES.values(), ids=CAUSES)
def test_where_a_scale_comes_from(layers, scale, topic):
    found, where, evidence = cause_of_scale(subject(*layers, x=scale * X))
    assert (found, where) == (topic, "a")
    assert any(letter.isdigit() for letter in evidence)


def test_no_single_cause():
    assert cause_of_scale(subject(L.Dense(1)))[:2] == ("normalization", "")


def test_targets_of_a_regression():
    assert large_targets(subject(L.Dense(1))) is None
    large = large_targets(subject(L.Dense(1), y=1000 * Y))
    assert large == pytest.approx(1000 * np.sqrt(np.mean(Y**2)), rel=1e-4)


def test_which_numbers_an_embedding_gets():
    one, two = keras.Input((2,), name="one"), keras.Input((3,), name="two")
    low, high = (
        L.Flatten()(L.Embedding(9, 2, name=name)(x))
        for name, x in (("low", two), ("high", one))
    )
    model = keras.Model([one, two], L.Concatenate()([low, high]))
    x = [np.array([[5, 30]]), np.array([[-1, 2, 3]])]
    found = {path: rest for path, _, *rest in embedded(Subject(model, x))}
    assert found == {"low": [3, -1], "high": [30, 5]}
