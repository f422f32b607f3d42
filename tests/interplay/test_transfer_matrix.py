"""Every way of reuse on every kind of model, in pairs of features."""

import keras
import numpy as np
import pytest

from tests.helpers import reuse_matrix as matrix

FEATURES, WIDTH = 8, 6


def layers():
    return [
        keras.layers.Dense(WIDTH, "tanh", name="low"),
        keras.layers.Dense(WIDTH, "tanh", name="high"),
        keras.layers.Dense(1, name="head", dtype="float32"),
    ]


def sequential():
    return keras.Sequential([keras.Input((FEATURES,)), *layers()])


def functional():
    low, high, head = layers()
    inputs = keras.Input((FEATURES,))
    hidden = low(inputs)
    return keras.Model(inputs, head(hidden + high(hidden)))


def nested():
    low, high, head = layers()
    inside = keras.Input((FEATURES,))
    base = keras.Model(inside, high(low(inside)), name="base")
    inputs = keras.Input((FEATURES,))
    return keras.Model(inputs, head(base(inputs)))


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.low, self.high, self.head = layers()

    def call(self, x):
        return self.head(self.high(self.low(x)))


def subclassed():
    model = Subclassed()
    model(np.zeros((2, FEATURES), "float32"))
    return model


MODELS = {
    "Sequential": sequential,
    "functional": functional,
    "nested": nested,
    "subclassed": subclassed,
}


def make(name, dtype):
    keras.utils.set_random_seed(3)
    with matrix.policy(dtype):
        return MODELS[name]()


def data():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(matrix.ROWS, FEATURES)).astype("float32")
    return x, rng.normal(size=(matrix.ROWS, 1)).astype("float32")


@pytest.mark.parametrize(
    ("name", "feature", "dtype", "curve"), matrix.matrix(MODELS)
)
def test_weights_move_where_and_as_much_as_they_should(
    name, feature, dtype, curve
):
    model, hand = make(name, dtype), make(name, dtype)
    start = model.get_weights()
    matrix.trained(feature, curve, model, data(), "mse", "head")
    matrix.replayed(feature, curve, hand, data(), "mse", "head")
    matrix.check(model, hand, start, dtype)


def test_fine_tune_and_a_curve_of_ones_own_are_an_error():
    model = matrix.compiled(make("nested", "float32"), "mse")
    start = model.get_weights()
    with pytest.raises(ValueError, match="OneCycle"):
        matrix.fine_tune(model, data(), [matrix.one_cycle()], "head")
    for now, was in zip(model.get_weights(), start, strict=True):
        np.testing.assert_array_equal(now, was)
