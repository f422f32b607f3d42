import keras
import numpy as np
import pytest

from keras_trainkit.diagnostics.facts.compiled import Compiled
from keras_trainkit.diagnostics.facts.network import Network
from keras_trainkit.diagnostics.facts.passes import chain_signals

pytestmark = pytest.mark.one_backend

L = keras.layers


def chain(number, activation, initializer):
    layers = [
        L.Dense(64, activation, kernel_initializer=initializer)
        for _ in range(number)
    ]
    model = keras.Sequential([keras.Input((64,)), *layers, L.Dense(1)])
    return Network(model).chains[0], model


def normal(stddev):
    return keras.initializers.RandomNormal(stddev=stddev, seed=0)


@pytest.mark.parametrize(
    "number, activation, initializer, plain_sgd, text",
    [
        (4, "relu", "he_normal", False, None),
        (14, "relu", "glorot_uniform", False, None),
        (22, "relu", "glorot_uniform", True, "shrinks"),
        (40, "relu", "glorot_uniform", False, "shrinks"),
        (3, "relu", normal(0.005), False, "shrinks"),
        (12, "linear", normal(0.4), False, "grows"),
        # No initializer helps a stack of sigmoids.
        (20, "sigmoid", "glorot_uniform", True, None),
    ],
)
def test_a_signal_is_lost_where_an_initializer_would_keep_it(
    number, activation, initializer, plain_sgd, text
):
    links, _ = chain(number, activation, initializer)
    seen = chain_signals.lost_signal(links, plain_sgd)
    assert seen is None if text is None else text in seen


def test_the_size_that_is_named_is_the_size_that_is_measured():
    links, model = chain(3, "relu", normal(0.005))
    x = np.random.default_rng(0).normal(size=(200, 64)).astype("float32")
    inner = keras.Sequential(model.layers[:-1])
    measured = keras.ops.convert_to_numpy(inner(x))
    named = float(chain_signals.lost_signal(links).rsplit(" ", 1)[1])
    assert named == pytest.approx(np.sqrt((measured**2).mean()), rel=0.6)


@pytest.mark.parametrize(
    "optimizer, plain",
    [
        (keras.optimizers.SGD(0.1), True),
        (keras.optimizers.SGD(0.1, momentum=0.9), False),
        ("adam", False),
    ],
)
def test_plain_sgd_is_told_from_others(optimizer, plain):
    _, model = chain(1, "relu", "he_normal")
    model.compile(optimizer, "mse")
    assert chain_signals.is_plain_sgd(Compiled(model)) == plain


def test_weights_of_one_sign_add_up():
    links, _ = chain(1, "relu", keras.initializers.RandomUniform(0, 1, seed=0))
    assert chain_signals.spread(links[0].kernel) == pytest.approx(32, rel=0.05)
