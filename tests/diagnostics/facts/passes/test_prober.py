"""Looks at a network between steps: oracles in NumPy, nothing changed."""

import keras
import numpy as np
import pytest

from keras_trainkit.diagnostics.facts.passes.prober import Prober
from keras_trainkit.diagnostics.facts.passes.prober import bad_weights
from keras_trainkit.diagnostics.facts.subject import Subject
from tests.helpers.arrays import to_numpy

X = np.random.default_rng(0).normal(size=(40, 3)).astype("float32")
Y = 2 * X[:, :1]


def linear(rate=0.1, scale=1.0):
    """Returns a model of two linear layers, and its prober."""
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.Dense(4, name="first"),
            keras.layers.Dense(1, name="last"),
        ]
    )
    model.compile(keras.optimizers.SGD(rate), "mse")
    return model, Prober(Subject(model, scale * X, Y))


@pytest.fixture(scope="module")
def watched():
    return linear()


def values(model):
    return [to_numpy(v.value) for v in model.variables]


def test_loss_and_movement_are_numpy_s(watched):
    model, prober = watched
    start = prober(0)
    assert set(start.moved.values()) == {0.0}
    loss = np.mean((prober.y - start.outputs[0]) ** 2)
    assert start.loss == pytest.approx(loss, rel=1e-5)
    first = model.layers[0].kernel
    before = to_numpy(first.value)
    first.assign(3 * before)
    later = prober(4)
    assert later.moved["first"] == pytest.approx(2.0, rel=1e-5)
    assert later.pace["first"] == pytest.approx(0.5, rel=1e-5)
    first.assign(3 * before + before)
    # From three to four times of it, in two epochs.
    assert prober(6).pace["first"] == pytest.approx(1 / 6, rel=1e-5)
    assert prober(8).moved["last"] == 0.0
    first.assign(before)


def test_a_replay_finds_the_layer_and_goes_back(watched):
    model, prober = watched
    prober(0)
    model.layers[0].kernel.assign(np.full((3, 4), np.nan))
    kept = values(model)
    assert bad_weights(Subject(model).network) == ("first",)
    assert prober.first_bad_layer() == "first"
    steps, layer = prober.replay(50.0)
    assert 1 < steps < 30 and layer in ("first", "last")
    np.testing.assert_equal(values(model), kept)
    # With a small rate plain steps stay finite.
    assert prober.replay(1e-3) is None
    assert prober.replay(None) is None


def test_without_targets_there_are_no_gradients():
    model, _ = linear()
    prober = Prober(Subject(model, X))
    assert prober(0).gradients is None and prober.targets is None
    assert prober.replay(1.0) is None
