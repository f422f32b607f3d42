"""What the layers of a model put out, against NumPy."""

import keras
import numpy as np
import pytest

from keras_trainkit.probing.forward import forward
from tests.helpers.fit_state import changes
from tests.helpers.fit_state import random_states
from tests.helpers.hidden_state import MODELS as HIDDEN
from tests.helpers.hidden_state import ROWS
from tests.helpers.hidden_state import called
from tests.helpers.models import FEATURES
from tests.helpers.models import SubclassedMLP
from tests.helpers.models import regression_data

L = keras.layers
X, _ = regression_data(16)


def test_statistics_of_every_layer():
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((FEATURES,)),
            L.Dense(5, activation="relu", name="relu"),
            L.Dense(4, activation="tanh", name="tanh"),
            L.Dense(2, name="head"),
        ]
    )
    weights = model.get_weights()
    weights[1][2] = -100.0
    weights[3][:] = 3.0
    model.set_weights(weights)
    probe = forward(model, X.astype("float64"))
    relu = np.maximum(X.astype("f8") @ weights[0] + weights[1], 0)
    tanh = np.tanh(relu @ weights[2] + weights[3])
    head = tanh @ weights[4] + weights[5]
    assert list(probe) == ["relu", "tanh", "head"]
    for path, values in (("relu", relu), ("tanh", tanh), ("head", head)):
        found = probe[path]
        assert found.shape == values.shape
        spread = np.sqrt(values.var(axis=0).mean())
        expected = (values.mean(), values.std(), spread, np.abs(values).max())
        assert (
            found.mean,
            found.std,
            found.row_spread,
            found.largest,
        ) == pytest.approx(expected, rel=1e-4)
    assert probe["relu"].dead == np.mean(~relu.any(axis=0)) >= 0.2
    assert probe["tanh"].saturated == np.mean(np.abs(tanh) >= 0.98) > 0
    assert probe["head"].dead is probe["relu"].saturated is None
    np.testing.assert_allclose(probe.outputs[0], head, rtol=1e-4)


def shared():
    x, dense = keras.Input((FEATURES,)), L.Dense(FEATURES, name="dense")
    return keras.Model(x, L.ReLU(name="relu")(dense(dense(x))))


@pytest.mark.parametrize(
    "make, paths",
    [
        (shared, ["dense", "dense#2", "relu"]),
        (lambda: SubclassedMLP(name="m"), ["hidden", "head", "m"]),
    ],
    ids=["called twice", "subclassed"],
)
def test_the_order_is_that_of_the_calls(make, paths):
    model = make()
    model(X)
    probe = forward(model, X)
    assert list(probe) == paths
    assert [one.path for one in probe.values()] == paths


def recurrent():
    x = keras.Input((3, 2))
    both = L.Bidirectional(L.GRU(1, return_sequences=True), name="both")(x)
    _, state = L.SimpleRNN(2, return_state=True, name="simple")(x)
    return keras.Model(
        x, [L.TimeDistributed(L.Dense(1), name="t")(both), state]
    )


def test_what_runs_in_a_loop_is_one_layer():
    probe = forward(recurrent(), np.ones((2, 3, 2)))
    assert set(probe) == {"both", "t", "simple"}
    assert len(probe.outputs) == 2
    assert all(one.finite for one in probe.values())


@keras.saving.register_keras_serializable("keras_trainkit_tests")
class Logarithm(keras.layers.Layer):
    def call(self, inputs):
        return keras.ops.log(inputs)


def test_the_first_layer_that_is_not_finite():
    model = keras.Sequential(
        [
            keras.Input((FEATURES,)),
            L.Activation("relu"),
            Logarithm(name="log"),
            L.Dense(1),
        ]
    )
    probe = forward(model, X)
    assert probe.first_non_finite == "log"
    assert not probe["log"].finite
    assert forward(model, np.abs(X) + 1).first_non_finite is None


def test_training_mode_normalises_by_the_batch():
    model = keras.Sequential(
        [keras.Input((FEATURES,)), L.BatchNormalization(name="norm")]
    )
    x = 3 * X + 7
    assert forward(model, x)["norm"].mean == pytest.approx(7, abs=1)
    found = forward(model, x, training=True)["norm"]
    assert (found.mean, found.std) == pytest.approx((0, 1), abs=1e-2)


# Recurrent states: tests/scheduling/test_snapshot.py.
STATES = {
    name: make
    for name, make in HIDDEN.items()
    if name not in ("recurrent states", "both directions", "cells")
}


@pytest.mark.parametrize("make", STATES.values(), ids=STATES)
def test_no_state_is_changed(make):
    model = make()
    x = np.ones((ROWS, 4), "float32")
    forward(model, x)
    twin = make()
    twin.set_weights(model.get_weights())
    forward(model, x, training=True)
    before = random_states()
    forward(model, x, training=True)
    assert not changes(before, random_states())
    for found, expected in zip(called(model), called(twin), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_a_model_without_variables_is_refused():
    with pytest.raises(ValueError, match="built"):
        forward(SubclassedMLP(), X)
