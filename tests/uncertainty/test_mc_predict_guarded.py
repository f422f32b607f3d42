"""Dropout that a user's own code calls under `if training:` only."""

import keras
import numpy as np
import pytest

from keras_trainkit.uncertainty.mc_predict import mc_predict
from tests.helpers.prediction_state import changed
from tests.helpers.prediction_state import prediction_state
from tests.helpers.random_zoo import FEATURES

L = keras.layers
RATE, SAMPLES = 0.5, 500


class Guarded(L.Layer):
    """Normalises, and drops in training only."""

    def __init__(self):
        super().__init__()
        self.norm = L.BatchNormalization()
        self.drop = L.Dropout(RATE, name="guarded")

    def call(self, x, training=None):
        x = self.norm(x, training=training)
        if training:
            x = self.drop(x, training=training)
        return x


class GuardedModel(keras.Model):
    def __init__(self):
        super().__init__()
        self.inner = Guarded()
        self.norm, self.drop = self.inner.norm, self.inner.drop
        self.head = L.Dense(2, use_bias=False)

    def call(self, x, training=None):
        x = self.norm(x, training=training)
        if training:
            x = self.drop(x, training=training)
        return self.head(x)


class AroundGuarded(keras.Model):
    """Has another branch of its own that is not to be taken."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner
        self.head = L.Dense(2, use_bias=False)

    def call(self, x, training=None):
        if training:
            x = 100 * x
        return self.head(self.inner(x, training=training))


def in_a_graph():
    head = L.Dense(2, use_bias=False)
    return keras.Sequential([keras.Input((FEATURES,)), Guarded(), head])


def in_a_nested_graph():
    inner = keras.Sequential([keras.Input((FEATURES,)), Guarded()])
    x = keras.Input((FEATURES,))
    return keras.Model(x, L.Dense(2, use_bias=False)(inner(x)))


def beside_another():
    layers = [L.Dropout(0.01), Guarded(), L.Dense(2, use_bias=False)]
    return keras.Sequential([keras.Input((FEATURES,)), *layers])


MODELS = {
    "model": GuardedModel,
    "layer": lambda: AroundGuarded(Guarded()),
    "graph in a model": lambda: AroundGuarded(keras.Sequential([Guarded()])),
    "layer in a graph": in_a_graph,
    "nested graph": in_a_nested_graph,
    "with another": beside_another,
}


def rows(count=3):
    x = np.random.default_rng(0).normal(size=(count, FEATURES))
    return x.astype("float32")


def built(make):
    keras.utils.set_random_seed(0)
    model = make()
    model(rows())
    norm = next(
        one
        for one in model._flatten_layers()
        if isinstance(one, L.BatchNormalization)
    )
    norm.moving_mean.assign(np.linspace(-1, 1, FEATURES))
    norm.moving_variance.assign(np.linspace(0.5, 2, FEATURES))
    return model


def normalised(x):
    mean, variance = np.linspace(-1, 1, FEATURES), np.linspace(0.5, 2, FEATURES)
    return (x.astype("float64") - mean) / np.sqrt(variance + 1e-3)


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_it_is_drawn_and_batch_normalisation_is_not_trained(make):
    model = built(make)
    before = prediction_state(model)
    found = mc_predict(model, rows(), SAMPLES, seed=1, return_samples=True)
    assert changed(before, prediction_state(model)) == []
    kernel = next(w for w in model.get_weights() if w.shape == (FEATURES, 2))
    h = normalised(rows())
    variance = (h**2 * RATE / (1 - RATE)) @ kernel.astype("float64") ** 2
    error = np.sqrt(variance / SAMPLES)
    assert (np.abs(found.mean - h @ kernel) < 5.5 * error).all()
    deviations = (found.samples.astype("float64") - h @ kernel) ** 2
    error = deviations.std(axis=0) / np.sqrt(SAMPLES)
    # The other dropout, where there is one, adds up to two per cent.
    bound = 5 * error + 0.02 * variance
    assert (np.abs(found.std**2 - variance) < bound).all()


def test_a_second_call_compiles_nothing():
    calls = []

    class Counted(Guarded):
        def call(self, x, training=None):
            calls.append(training)
            return super().call(x, training=training)

    model = built(lambda: AroundGuarded(Counted()))
    mc_predict(model, rows(), samples=4, seed=0)
    count = len(calls)
    mc_predict(model, rows(), samples=4, seed=1)
    later = calls[count:]
    eager = keras.backend.backend() == "torch"
    assert set(later) == ({True} if eager else set())


class Twice(keras.Model):
    """Uses one of its two layers."""

    def __init__(self, unused):
        super().__init__()
        self.drop, self.unused = L.Dropout(RATE), unused

    def call(self, x, training=None):
        return self.drop(x, training=training)


class DrawsPastKeras(L.Dropout):
    def call(self, inputs, training=None):
        return inputs


@pytest.mark.parametrize(
    "make",
    [
        lambda: Twice(L.Dropout(RATE, name="unused")),
        lambda: Twice(Guarded()),
        lambda: keras.Sequential(
            [keras.Input((FEATURES,)), DrawsPastKeras(RATE, name="unused")]
        ),
    ],
    ids=["layer", "in a layer", "without a draw"],
)
def test_a_layer_that_never_draws_is_named(make):
    model = make()
    model(rows())
    before = prediction_state(model)
    for _ in range(2):  # The second time what was found is kept.
        with pytest.raises(ValueError, match=r"No draw was seen of: (un|gu)"):
            mc_predict(model, rows(), samples=4, seed=0)
    assert changed(before, prediction_state(model)) == []


def test_a_layer_of_rate_0_need_not_be_called():
    model = Twice(L.Dropout(0.0))
    model(rows())
    found = mc_predict(model, rows(), samples=50, seed=0)
    assert (found.std > 0).all()


class TwoOutputsInTraining(keras.Model):
    def __init__(self):
        super().__init__()
        self.drop, self.head = L.Dropout(RATE), L.Dense(1)

    def call(self, x, training=None):
        if training:
            return self.head(x), self.drop(x)
        return self.head(x)


def test_other_outputs_in_training_are_refused():
    model = TwoOutputsInTraining()
    model(rows())
    with pytest.raises(ValueError, match="same structure at inference"):
        mc_predict(model, rows(), samples=4, seed=0)


class GuardedSpectral(keras.Model):
    def __init__(self):
        super().__init__()
        self.norm = L.SpectralNormalization(L.Dense(4))
        self.drop = L.Dropout(RATE)

    def call(self, x, training=None):
        x = self.norm(x, training=training)
        return self.drop(x) if training else x


def test_spectral_normalisation_stays_in_inference_mode():
    model = GuardedSpectral()
    expected = keras.ops.convert_to_numpy(model(rows()))
    before = prediction_state(model)
    found = mc_predict(model, rows(), 50, seed=0, return_samples=True)
    assert changed(before, prediction_state(model)) == []
    kept = np.where(found.samples == 0, 0, 2 * expected)
    np.testing.assert_allclose(found.samples, kept, rtol=1e-4, atol=1e-5)
    assert (found.std > 0).any()
