"""Noise that a user's own code draws, from wherever its generator is held."""

import keras
import numpy as np
import pytest

from keras_trainkit.backend.randomness.replica_seed import ReplicaSeedGenerator
from keras_trainkit.uncertainty.mc_predict import mc_predict
from tests.helpers.arrays import to_numpy
from tests.helpers.prediction_state import changed
from tests.helpers.prediction_state import prediction_state
from tests.helpers.random_zoo import FEATURES

L = keras.layers
BACKEND = keras.backend.backend()
SeedGenerator = keras.random.SeedGenerator
OF_A_MODULE = SeedGenerator(9)
X = np.ones((3, FEATURES), "float32")
SAMPLES = 200


class OwnNext(SeedGenerator):
    def next(self, ordered=True):
        return super().next(ordered=False)


class Anything:
    """What Keras does not look into."""

    def __init__(self):
        self.generator = SeedGenerator(5)


HELD = {
    "attribute": (lambda: SeedGenerator(5), lambda held: held),
    "without a seed": (SeedGenerator, lambda held: held),
    "list": (lambda: [SeedGenerator(5)], lambda held: held[0]),
    "dict": (lambda: {"a": [SeedGenerator(5)]}, lambda held: held["a"][0]),
    "object": (Anything, lambda held: held.generator),
    "module": (lambda: None, lambda held: OF_A_MODULE),
    "replica": (lambda: ReplicaSeedGenerator(5), lambda held: held),
    "subclass": (lambda: OwnNext(5), lambda held: held),
}


def noise(x, seed):
    return x + keras.random.normal(keras.ops.shape(x), seed=seed)


class NoisyModel(keras.Model):
    def __init__(self, make, find):
        super().__init__()
        self.drop = L.Dropout(0.5)
        self.held, self.find = make(), find

    def call(self, x):
        return noise(self.drop(x), self.find(self.held))


class NoisyLayer(L.Layer):
    def __init__(self, make, find):
        super().__init__()
        self.held, self.find = make(), find

    def call(self, x):
        return noise(x, self.find(self.held))


def on_the_model(make, find):
    return NoisyModel(make, find)


def before_the_dropout(make, find):
    layers = [NoisyLayer(make, find), L.Rescaling(1.0), L.Dropout(0.5)]
    return keras.Sequential([keras.Input((FEATURES,)), *layers])


def behind_the_dropout(make, find):
    layers = [L.Dropout(0.5), NoisyLayer(make, find)]
    return keras.Sequential([keras.Input((FEATURES,)), *layers])


# Of ones, dropped at a rate of a half and scaled by two, noise of variance 1.
VARIANCE = {on_the_model: 2, behind_the_dropout: 2, before_the_dropout: 3}


def assert_every_sample_drew_anew(model, variance):
    found = mc_predict(model, X, SAMPLES, seed=1, return_samples=True)
    error = np.sqrt(variance / SAMPLES)
    assert (np.abs(found.mean - 1) < 5 * error).all()
    # The error of a variance, from the fourth moment of the samples; elements
    # are independent.
    deviations = (found.samples.astype("float64") - 1) ** 2
    error = deviations.std() / np.sqrt(deviations.size)
    assert abs(deviations.mean() - variance) < 5 * error


@pytest.mark.parametrize("make_model", VARIANCE, ids=lambda f: f.__name__)
@pytest.mark.parametrize("make, find", HELD.values(), ids=HELD)
def test_every_sample_draws_anew(make, find, make_model):
    model = make_model(make, find)
    model(X)
    before = prediction_state(model)
    of_module = OF_A_MODULE.state.numpy().tolist()
    assert_every_sample_drew_anew(model, VARIANCE[make_model])
    assert changed(before, prediction_state(model)) == []
    assert OF_A_MODULE.state.numpy().tolist() == of_module


# Keras cannot put such a layer into a graph on JAX.
JAX = keras.backend.backend() == "jax"


@pytest.mark.parametrize(
    "make_model",
    [on_the_model] if JAX else VARIANCE,
    ids=lambda f: f.__name__,
)
def test_noise_of_keras_global_generator(make_model):
    keras.utils.set_random_seed(0)
    model = make_model(lambda: None, lambda held: None)
    model.compile(run_eagerly=JAX, jit_compile=False)
    model(X)
    before = prediction_state(model)
    assert_every_sample_drew_anew(model, VARIANCE[make_model])
    assert changed(before, prediction_state(model)) == []


def test_what_keras_cannot_compile_is_refused():
    model = on_the_model(lambda: None, lambda held: None)
    model(X)
    before = prediction_state(model)
    if JAX:  # As in `predict`.
        with pytest.raises(ValueError, match="create a `SeedGenerator`"):
            mc_predict(model, X, samples=4, seed=1)
    else:
        assert mc_predict(model, X, samples=4, seed=1).std.all()
    assert changed(before, prediction_state(model)) == []


def test_the_same_seed_gives_the_same_noise():
    make, find = HELD["without a seed"]
    model = on_the_model(make, find)
    one, same = (mc_predict(model, X, samples=9, seed=3) for _ in range(2))
    np.testing.assert_array_equal(one.mean, same.mean)
    other = mc_predict(model, X, samples=9, seed=4)
    assert (one.mean != other.mean).any()


def foreign_noise(x):
    """Draws past `keras.random`."""
    if BACKEND == "torch":
        import torch

        return torch.randn_like(x)
    import tensorflow as tf

    return tf.random.normal(tf.shape(x))


class Foreign(L.Layer):
    def call(self, x):
        return x + foreign_noise(x)


@pytest.mark.skipif(
    BACKEND == "jax", reason="JAX has no random numbers without a key"
)
def test_the_backends_own_noise_before_the_first_dropout():
    model = keras.Sequential(
        [keras.Input((8,)), Foreign(), L.Dropout(1e-3), L.Dense(1)]
    )
    kernel = to_numpy(model.layers[-1].kernel)
    found = mc_predict(
        model, np.zeros((64, 8), "float32"), 100, seed=0, kind="regression"
    )
    np.testing.assert_allclose(
        (found.std**2).mean(), (kernel**2).sum(), rtol=0.2
    )
