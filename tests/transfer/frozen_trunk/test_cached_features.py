"""A `fit` on cached features is the `fit` on the arrays."""

import keras
import numpy as np
import pytest

from keras_trainkit.transfer.frozen_trunk.cacheability import CannotCache
from keras_trainkit.transfer.frozen_trunk.cached_features import CachedFeatures
from tests.helpers.frozen_backbone import X
from tests.helpers.frozen_backbone import Y
from tests.helpers.frozen_backbone import reused
from tests.helpers.models import FEATURES

L = keras.layers
WEIGHTS = np.linspace(0.1, 1, len(X), dtype="float32")
EAGER = {"run_eagerly": True}


def fit(model, training, validation):
    history = model.fit(
        **training, validation_data=validation, epochs=2, verbose=0
    )
    return history.history


def cached(model, limit):
    with CachedFeatures(model, 16, limit) as cache:
        training = cache.fit_arguments(
            cache.data(X, training=True),
            y=Y,
            sample_weight=WEIGHTS,
            batch_size=16,
        )
        validation = cache.data(X[:20], training=False), Y[:20]
        return fit(model, training, validation)


def plain(model):
    training = {"x": X, "y": Y, "sample_weight": WEIGHTS, "batch_size": 16}
    return fit(model, training, (X[:20], Y[:20]))


def check_equal(ours, theirs):
    for one, two in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(one, two, atol=1e-6)


def accumulating():
    optimizer = keras.optimizers.Adam(
        1e-2, use_ema=True, gradient_accumulation_steps=2
    )
    return {"optimizer": optimizer}


CASES = {
    "in memory": (2**30, accumulating, "float32"),
    "in files, of mixed precision": (0, dict, "mixed_float16"),
}


@pytest.mark.parametrize("case", CASES)
def test_weights_and_history_are_those_of_a_plain_fit(case):
    limit, compiled, policy = CASES[case]
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        ours, theirs = reused(**compiled()), reused(**compiled())
    finally:
        keras.config.set_dtype_policy(before)
    keras.utils.set_random_seed(5)
    history = cached(ours, limit)
    keras.utils.set_random_seed(5)
    expected = plain(theirs)
    assert list(history) == list(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(history[name], values, atol=1e-5)
    check_equal(ours, theirs)
    slots = zip(
        ours.optimizer.variables, theirs.optimizer.variables, strict=True
    )
    for one, two in slots:
        np.testing.assert_allclose(
            keras.ops.convert_to_numpy(one),
            keras.ops.convert_to_numpy(two),
            atol=1e-6,
        )


def test_raw_inputs_are_answered_meanwhile_and_nothing_stays_behind():
    model = reused(**EAGER)
    expected = model.predict(X, verbose=0)
    before = set(vars(model))
    with pytest.raises(OSError), CachedFeatures(model) as cache:
        features = cache.data(X, training=False)
        ours = model.predict(features, verbose=0)
        np.testing.assert_allclose(ours, expected, atol=1e-6)
        raw = model.predict(X, verbose=0)
        np.testing.assert_allclose(raw, expected, atol=1e-6)
        raise OSError
    assert set(vars(model)) == before


def test_a_last_batch_is_as_the_others():
    model = reused(**EAGER)
    with CachedFeatures(model, 16) as cache:
        (by_16,) = next(iter(cache.data(X, training=True).values()))
    with CachedFeatures(model, len(X)) as cache:
        (at_once,) = next(iter(cache.data(X, training=True).values()))
    assert by_16.shape == (len(X), 5)
    np.testing.assert_allclose(by_16, at_once, atol=1e-6)


@keras.saving.register_keras_serializable(package="keras_trainkit_tests")
class Counting(L.Layer):
    def build(self, shape):
        self.count = self.add_weight(
            shape=(), initializer="zeros", trainable=False
        )

    def call(self, x, training=False):
        if training:
            self.count.assign_add(1.0)
        return x


@keras.saving.register_keras_serializable(package="keras_trainkit_tests")
class LessTheBatchMean(L.Layer):
    def call(self, x):
        return x - keras.ops.mean(x, axis=0)


@keras.saving.register_keras_serializable(package="keras_trainkit_tests")
class Jitter(L.Layer):
    """Draws from a generator that Keras does not see."""

    def build(self, shape):
        self.hidden = [[keras.random.SeedGenerator(3)]]

    def call(self, x, training=False):
        if not training:
            return x
        seed = self.hidden[0][0]
        return x + keras.random.normal(keras.ops.shape(x), seed=seed)


def with_own_step():
    class Own(keras.Model):
        def train_step(self, *args):
            return super().train_step(*args)

    inputs = keras.Input((FEATURES,))
    x = L.Dense(2, trainable=False)(inputs)
    model = Own(inputs, L.Dense(1)(x))
    model.compile("adam", "mse")
    return model


REFUSED = {
    "noise": (lambda: reused(L.GaussianNoise(0.1)), "draws random numbers"),
    "a hidden generator": (lambda: reused(Jitter()), "draws random numbers"),
    "statistics": (lambda: reused(Counting()), "updates its state"),
    "a loss": (
        lambda: reused(L.Dense(6, activity_regularizer="l2")),
        "adds a loss",
    ),
    "rows": (lambda: reused(LessTheBatchMean()), "depend on its batch"),
    "nothing frozen": (lambda: reused(freeze=False), "is frozen"),
    "a train step": (with_own_step, "`train_step` of its own"),
    "no graph": (lambda: keras.Model(), "no graph of layers"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_not_be_the_same_is_refused(case):
    make, reason = REFUSED[case]
    model = make()
    before = model.get_weights() if model.built else []
    with (
        pytest.raises(CannotCache, match=reason),
        CachedFeatures(model, 16) as cache,
    ):
        cache.data(X, training=True)
    for one, two in zip(
        before, model.get_weights() if model.built else [], strict=True
    ):
        np.testing.assert_array_equal(one, two)
