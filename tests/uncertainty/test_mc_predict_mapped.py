"""Models whose samples cannot go through them as one large batch."""

import keras
import numpy as np
import pytest

from keras_trainkit.uncertainty.mc_predict import mc_predict
from tests.helpers.prediction_state import changed
from tests.helpers.prediction_state import prediction_state

L = keras.layers
EAGER = keras.backend.backend() == "torch"
RATE, SAMPLES, FEATURES = 0.5, 400, 6


class Mixing(keras.Model):
    """Takes the mean over the rows off, behind its dropout."""

    def __init__(self):
        super().__init__()
        self.drop = L.Dropout(RATE)
        self.calls = 0

    def call(self, x, training=None):
        self.calls += 1
        h = self.drop(x, training=training)
        return h - keras.ops.mean(h, axis=0, keepdims=True)


class Unmappable(Mixing):
    """What its `call` computes with must be a number, where it can be."""

    def call(self, x, training=None):
        h = super().call(x, training=training)
        return h * h.new_full((), float(h.sum() * 0 + 1)) if EAGER else h


def rows(*shape):
    x = np.random.default_rng(0).normal(size=(4, *shape))
    return x.astype("float32")


@pytest.mark.parametrize("make", [Mixing, Unmappable])
def test_rows_that_mix_have_the_moments_of_the_closed_form(make):
    model, x = make(), rows(FEATURES)
    model(x)
    before = prediction_state(model)
    found = mc_predict(model, x, SAMPLES, seed=1, return_samples=True)
    assert "variables" not in changed(before, prediction_state(model))
    np.testing.assert_allclose(found.samples.sum(axis=1), 0, atol=1e-4)
    exact = x.astype("float64")
    each = exact**2 * RATE / (1 - RATE)
    share = 1 / len(x)
    variance = each * (1 - 2 * share) + each.sum(axis=0) * share**2
    error = np.sqrt(variance / SAMPLES)
    mean = exact - exact.mean(axis=0)
    assert (np.abs(found.mean - mean) < 5.5 * error).all()
    deviations = (found.samples.astype("float64") - mean) ** 2
    error = deviations.std(axis=0) / np.sqrt(SAMPLES)
    assert (np.abs(found.std**2 - variance) < 5.5 * error).all()


def test_code_that_is_mapped_runs_once_for_all_samples():
    model, x = Mixing(), rows(FEATURES)
    model(x)
    mc_predict(model, x, 50, seed=0)
    before = model.calls
    mc_predict(model, x, 50, seed=1)
    assert model.calls - before == (1 if EAGER else 0)


class Residual(L.Layer):
    """A convolutional block of a user's own, with noise that is seeded."""

    def __init__(self):
        super().__init__()
        self.convolve = L.Conv2D(2, 3, padding="same")
        self.noise = L.GaussianDropout(0.2, seed=3)

    def build(self, shape):
        self.convolve.build(shape)
        self.built = True

    def call(self, x, training=None):
        return x + self.noise(self.convolve(x), training=training)


class Recurrent(L.Layer):
    def __init__(self):
        super().__init__()
        self.cells = L.GRU(2, dropout=0.3, recurrent_dropout=0.3, seed=1)

    def build(self, shape):
        self.cells.build(shape)
        self.built = True

    def call(self, x, training=None):
        return self.cells(x, training=training)


@pytest.mark.parametrize(
    "make, shape", [(Residual, (5, 5, 2)), (Recurrent, (4, 3))]
)
def test_layers_of_keras_inside_of_a_users_draw_as_in_training(make, shape):
    keras.utils.set_random_seed(0)
    own = make()
    model = keras.Sequential([keras.Input(shape), own, L.Flatten()])
    x = rows(*shape)
    before = prediction_state(model)
    found = mc_predict(model, x, SAMPLES, seed=1, return_samples=True)
    assert changed(before, prediction_state(model)) == []
    many = np.repeat(x, 1000, axis=0)
    expected = keras.ops.convert_to_numpy(model(many, training=True))
    expected = expected.reshape((4, 1000, -1)).astype("float64")
    mean, std = expected.mean(axis=1), expected.std(axis=1)
    error = std * np.sqrt(1 / SAMPLES + 1 / 1000) + 1e-6
    assert (np.abs(found.mean - mean) < 5.5 * error).all()
    np.testing.assert_allclose(found.std, std, rtol=0.35, atol=1e-4)
    samples = found.samples.reshape((SAMPLES, -1))
    scores = (samples - samples.mean(axis=0)) / samples.std(axis=0)
    neighbours = (scores[1:] * scores[:-1]).mean(axis=0)
    assert np.abs(neighbours).max() < 5.5 / np.sqrt(SAMPLES)
    assert len(np.unique(samples[:, 0])) > SAMPLES / 2


class Breaks(L.Layer):
    error = None

    def call(self, x):
        if self.error is not None:
            raise self.error
        return x - keras.ops.mean(x, axis=0)


def test_after_an_error_samples_are_mapped_again():
    breaks = Breaks()
    model = keras.Sequential(
        [keras.Input((FEATURES,)), L.Dropout(RATE), breaks]
    )
    x = rows(FEATURES)
    model(x)
    expected = mc_predict(model, x, 5, seed=1)
    model.compile(jit_compile=model.jit_compile)
    breaks.error = RuntimeError("broken")
    with pytest.raises(RuntimeError, match="broken"):
        mc_predict(model, x, 5, seed=1, kind="regression")
    breaks.error = None
    found = mc_predict(model, x, 5, seed=1, kind="regression")
    np.testing.assert_allclose(found.mean, expected.mean, rtol=1e-6)
