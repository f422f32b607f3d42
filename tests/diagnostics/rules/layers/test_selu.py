import keras
import numpy as np
import pytest

from tests.helpers.layer_rules import L
from tests.helpers.layer_rules import said
from tests.helpers.layer_rules import stack

pytestmark = pytest.mark.one_backend


def selu(name=None, **more):
    return L.Dense(
        16, "selu", kernel_initializer="lecun_normal", name=name, **more
    )


def wide_and_deep():
    inputs = keras.Input((16,))
    deep = selu("deep")(inputs)
    return keras.Model(inputs, L.Dense(1)(L.Concatenate()([inputs, deep])))


SAID = {
    "as it should be": (
        lambda: stack(selu(), L.AlphaDropout(0.1), selu(), L.Dense(1)),
        [],
    ),
    "beside a concatenation": (wide_and_deep, [("A111", "advice", "deep")]),
    "behind a recurrent layer": (
        lambda: stack(L.LSTM(4), selu("deep"), L.Dense(1), inputs=(5, 2)),
        [("A111", "advice", "deep")],
    ),
    "with l2": (
        lambda: stack(selu("held", kernel_regularizer="l2"), L.Dense(1)),
        [("A113", "advice", "held")],
    ),
    "with l1 in a deep stack": (
        lambda: stack(
            selu("held", kernel_regularizer="l1"),
            *[selu() for _ in range(8)],
            L.Dense(1),
        ),
        [("A113", "warning", "held")],
    ),
    "with max-norm": (
        lambda: stack(selu("held", kernel_constraint="max_norm"), L.Dense(1)),
        [("A113", "advice", "held")],
    ),
    "with BatchNormalization before it": (
        lambda: stack(
            L.BatchNormalization(name="norm"), selu(), selu(), L.Dense(1)
        ),
        [("A114", "advice", "norm")],
    ),
    "with plain dropout twice": (
        lambda: stack(
            selu(), L.Dropout(0.2, name="plain"), selu(), selu(), L.Dense(1)
        ),
        [("A115", "advice", "plain")],
    ),
    "AlphaDropout behind tanh": (
        lambda: stack(
            L.Dense(8, "tanh"), L.AlphaDropout(0.2, name="alpha"), L.Dense(1)
        ),
        [("A116", "warning", "alpha")],
    ),
    "AlphaDropout of the inputs": (
        lambda: stack(L.AlphaDropout(0.1), selu(), L.Dense(1)),
        [],
    ),
    "AlphaDropout of the inputs of a ReLU": (
        lambda: stack(
            L.AlphaDropout(0.1, name="alpha"), L.Dense(8, "relu"), L.Dense(1)
        ),
        [("A116", "warning", "alpha")],
    ),
}


@pytest.mark.parametrize("name", SAID)
def test_what_is_said_of_selu(name):
    build, expected = SAID[name]
    assert said(build(), "A11") == expected


@pytest.mark.parametrize(
    "low, high, expected",
    [
        (-1.7, 1.7, []),
        (0.0, 1.0, [("A112", "advice", "deep")]),
        (2.0, 5.0, [("A112", "advice", "deep")]),
        # Those are told by the rules on data.
        (0.0, 255.0, []),
    ],
    ids=["standardised", "pixels from 0 to 1", "off centre", "unscaled"],
)
def test_inputs_of_selu_have_mean_0_and_deviation_1(low, high, expected):
    x = np.random.default_rng(0).uniform(low, high, (100, 16))
    model = stack(selu("deep"), L.Dense(1))
    assert said(model, "A112", x=x, y=x[:, :1]) == expected


def test_inputs_behind_a_normalisation_layer_are_not_looked_at():
    x = np.random.default_rng(0).uniform(2, 5, (100, 16))
    model = stack(L.Normalization(mean=3.5, variance=0.75), selu(), L.Dense(1))
    assert said(model, "A112", x=x, y=x[:, :1]) == []


def test_only_the_next_normalisation_is_beside_a_layer():
    x = inputs = keras.Input((8,))
    for place in range(3):
        x = L.LayerNormalization(name=f"norm_{place}")(x + L.Dense(8)(x))
    x = L.Dense(8, "selu", name="selu")(x)
    model = keras.Model(inputs, L.Dense(1)(x))
    assert said(model, "A114") == [("A114", "advice", "norm_2")]
