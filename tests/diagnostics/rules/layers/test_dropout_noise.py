import keras
import numpy as np
import pytest

from keras_trainkit.diagnostics.rules.layers.dropout_noise import _variance
from tests.helpers.layer_rules import L
from tests.helpers.layer_rules import findings
from tests.helpers.layer_rules import stack

pytestmark = pytest.mark.one_backend
SPARSE = "sparse_categorical_crossentropy"


def dropped(times, units, rate, kind=L.Dropout):
    layers = [(L.Dense(units, "relu"), kind(rate)) for _ in range(times)]
    flat = [one for pair in layers for one in pair]
    return stack(*flat, L.Dense(3, "softmax"), loss=SPARSE)


def noisy(model):
    return findings(model, "R109")


@pytest.mark.parametrize(
    "times, units, rate", [(3, 8, 0.5), (4, 8, 0.5), (2, 4, 0.5), (2, 8, 0.7)]
)
def test_narrow_layers_with_dropout_behind_each(times, units, rate):
    (found,) = noisy(dropped(times, units, rate))
    assert (found.severity, found.topic) == ("warning", "regularization")
    assert len(found.repairs) == times


@pytest.mark.parametrize(
    "times, units, rate",
    [
        (1, 8, 0.5),
        (2, 8, 0.5),
        (4, 8, 0.1),
        (4, 32, 0.5),
        (4, 64, 0.5),
        (4, 8, 0.0),
        (4, 8, 0.85),
    ],
)
def test_wide_layers_few_of_them_or_low_rates(times, units, rate):
    assert not noisy(dropped(times, units, rate))


def test_gaussian_dropout_has_the_same_noise():
    assert noisy(dropped(4, 8, 0.5, L.GaussianDropout))


def test_what_goes_around_a_dropout_has_none_of_its_noise():
    x = inputs = keras.Input((4,))
    for _ in range(4):
        x = L.Dense(4, "relu")(x)
        x = L.Add()([x, L.Dropout(0.5)(x)])
    model = keras.Model(inputs, L.Dense(3, "softmax")(x))
    model.compile("adam", SPARSE)
    assert not noisy(model)


@pytest.mark.parametrize("rate, n", [(0.5, 4), (0.2, 16), (0.7, 10)])
def test_the_noise_of_a_sum_is_that_of_dropped_values(rate, n):
    kept = np.random.default_rng(0).random((200_000, n)) > rate
    sums = kept.sum(1) / (1 - rate)
    relative = sums.var() / sums.mean() ** 2
    assert _variance(rate, 2 * n) == pytest.approx(relative, rel=0.03)
