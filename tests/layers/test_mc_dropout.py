"""The distribution of what is dropped element by element."""

import keras
import numpy as np
import pytest

from keras_trainkit.layers import MCAlphaDropout
from keras_trainkit.layers import MCDropout
from keras_trainkit.layers import MCGaussianDropout
from tests.helpers import younger
from tests.helpers.arrays import to_numpy

SIZE = 200_000
RATES = [0.1, 0.5, 0.8]


def applied(layer, x):
    return to_numpy(layer(x)).astype("float64")


@pytest.mark.parametrize("layer_class", [MCDropout, MCGaussianDropout])
@pytest.mark.parametrize("rate", RATES)
def test_mean_and_variance_of_the_noise(layer_class, rate):
    noise = applied(layer_class(rate, seed=1), np.ones(SIZE, "float32"))
    variance = rate / (1 - rate)
    # Five standard errors; that of the variance follows from the 4th moment.
    error = np.sqrt(variance / SIZE)
    fourth = np.mean((noise - 1) ** 4)
    error_of_variance = np.sqrt((fourth - variance**2) / SIZE)
    assert abs(noise.mean() - 1) < 5 * error
    assert abs(noise.var() - variance) < 5 * error_of_variance + 25 * error**2


@pytest.mark.parametrize("rate", RATES)
def test_the_dropped_fraction_and_the_scale(rate):
    y = applied(MCDropout(rate, seed=1), np.ones(SIZE, "float32"))
    error = np.sqrt(rate * (1 - rate) / SIZE)
    assert abs(np.mean(y == 0) - rate) < 5 * error
    np.testing.assert_allclose(y[y != 0], 1 / (1 - rate), rtol=1e-6)


def test_gaussian_noise_is_symmetric():
    noise = applied(MCGaussianDropout(0.5, seed=1), np.ones(SIZE, "float32"))
    third = np.mean((noise - 1) ** 3)
    assert abs(third) < 5 * np.sqrt(15 / SIZE)
    assert abs(np.mean(noise < 1) - 0.5) < 5 * 0.5 / np.sqrt(SIZE)


@pytest.mark.parametrize("rate", [0.05, 0.1, 0.5])
def test_selu_activations_stay_standardised(rate):
    normal = np.random.default_rng(0).normal(size=SIZE).astype("float32")
    x = to_numpy(keras.activations.selu(normal))
    y = applied(MCAlphaDropout(rate, seed=1), (x - x.mean()) / x.std())
    assert abs(y.mean()) < 5 / np.sqrt(SIZE)
    error_of_variance = np.sqrt((np.mean(y**4) - 1) / SIZE)
    assert abs(y.var() - 1) < 5 * error_of_variance


def test_a_dropped_element_saturates():
    x = np.linspace(-1, 1, 1000).astype("float32")
    y = applied(MCAlphaDropout(0.4, seed=1), x)
    saturation = -1.0507009873554805 * 1.6732632423543772
    a = ((1 - 0.4) * (1 + 0.4 * saturation**2)) ** -0.5
    b = -a * saturation * 0.4
    kept, dropped = a * x + b, a * saturation + b
    is_dropped = np.isclose(y, dropped, atol=1e-6)
    assert 300 < is_dropped.sum() < 500
    np.testing.assert_allclose(y[~is_dropped], kept[~is_dropped], atol=1e-6)


@pytest.mark.parametrize("layer_class", [MCDropout, MCAlphaDropout])
def test_a_noise_shape_shares_the_mask(layer_class):
    layer = layer_class(0.5, noise_shape=(None, 1, None), seed=1)
    y = applied(layer, np.ones((4, 5, 40), "float32"))
    np.testing.assert_array_equal(y, np.broadcast_to(y[:, :1], y.shape))
    assert (y[0] != y[1]).any()


@pytest.mark.parametrize(
    "noise_shape", [[None, 1, 3], range(1, 4), np.array([2, 1, 3])], ids=str
)
def test_any_shape_is_a_noise_shape(noise_shape):
    layer = MCAlphaDropout(0.5, noise_shape)
    assert list(layer.noise_shape) == list(noise_shape)


@pytest.mark.parametrize("noise_shape", ["abc", 3, (0, 1), (1.5,)], ids=str)
def test_a_bad_noise_shape_is_refused(noise_shape):
    with pytest.raises(ValueError, match="noise_shape"):
        MCDropout(0.5, noise_shape=noise_shape)


@pytest.mark.parametrize(
    "layer_class", [MCDropout, MCAlphaDropout, MCGaussianDropout]
)
@pytest.mark.parametrize("rank", [1, 2, 3, 4, 5])
def test_any_rank(layer_class, rank):
    x = np.ones((3,) * (rank - 1) + (40,), "float32")
    y = applied(layer_class(0.5, seed=1), x)
    assert y.shape == x.shape
    assert (y != x).any()


@younger.needs_dropout_at_rate_1
def test_rate_1_drops_all():
    assert applied(MCDropout(1.0), np.ones(9, "float32")).tolist() == [0.0] * 9


def test_batch_normalization_stays_in_inference_mode():
    model = keras.Sequential(
        [
            keras.Input((8,)),
            keras.layers.BatchNormalization(),
            MCDropout(0.5),
        ]
    )
    before = model.layers[0].get_weights()
    model.predict(5 + np.ones((16, 8)), verbose=0)
    np.testing.assert_array_equal(before, model.layers[0].get_weights())
