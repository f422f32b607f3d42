import keras
import numpy as np
import pytest

from keras_trainkit.backend.model.lent_methods import lent_methods
from keras_trainkit.initializers.unit_scaling import UnitScaling
from keras_trainkit.initializers.unit_scaling import layer_holds_others
from tests.helpers.arrays import to_numpy

pytestmark = pytest.mark.one_backend

L = keras.layers
X = np.random.default_rng(0).normal(size=(32, 4)).astype("float32")


def model_of(*layers):
    return keras.Sequential([keras.Input((4,)), *layers])


def scaled(model, x=X):
    scaling = UnitScaling(model, None, tolerance=0.1, rounds=2)
    with keras.StatelessScope(), lent_methods(scaling.stand_ins()):
        model(x)
    return scaling


def test_nothing_is_assigned_and_what_follows_sees_it():
    big = keras.initializers.RandomNormal(stddev=100.0, seed=0)
    model = model_of(
        L.Dense(4, kernel_initializer=big, name="one"), L.Dense(4, name="two")
    )
    before = model.get_weights()
    scaling = scaled(model)
    np.testing.assert_equal(model.get_weights(), before)
    assert [one.path for one in scaling.scaled] == ["one", "two"]
    assert scaling.scaled[0].before > 1000
    # Its inputs have variance 1 by then.
    assert scaling.scaled[1].before < 10
    variables = [variable for variable, _ in scaling.kernels]
    assert variables == [layer.kernel for layer in model.layers]
    x = X @ scaling.kernels[0][1]
    assert x.var() == pytest.approx(1, abs=0.1)


def test_a_failure_is_kept_until_it_is_asked_for():
    model = model_of(
        L.Dense(4, kernel_initializer="zeros", name="dead"), L.Dense(4)
    )
    scaling = scaled(model)
    assert scaling.scaled == []
    with pytest.raises(ValueError, match="'dead' for this `x` have variance 0"):
        scaling.require_success()


def test_values_that_are_not_finite_are_a_failure():
    scaling = scaled(model_of(L.Dense(4, name="one")), np.full_like(X, np.nan))
    with pytest.raises(ValueError, match="have variance nan"):
        scaling.require_success()


class Traced(L.Layer):
    """Calls a layer within a map, as a scan would."""

    def __init__(self):
        super().__init__(name="traced")
        self.inner = L.Dense(4, name="inner")

    def build(self, shape):
        self.inner.build((None, 4))

    def call(self, x):
        return keras.ops.vectorized_map(self.inner, x[:, None])[:, 0]


def test_calls_without_values_are_left():
    scaling = scaled(model_of(Traced(), L.Dense(2, name="last")))
    assert [one.path for one in scaling.scaled] == ["last"]
    assert "traced" in scaling.left()["traced/inner"]


@pytest.mark.parametrize(
    ("layer", "holds"),
    [
        (L.Dense(2), False),
        (L.TimeDistributed(L.Dense(2)), False),
        (L.Bidirectional(L.LSTM(2)), True),
        (keras.Sequential([L.Dense(2)]), True),
    ],
    ids=["plain", "wrapper", "both ways", "model"],
)
def test_which_layers_are_opened(layer, holds):
    model = keras.Sequential([keras.Input((3, 4)), layer])
    assert layer_holds_others(layer) is holds
    assert to_numpy(model(np.ones((1, 3, 4)))).shape[0] == 1
