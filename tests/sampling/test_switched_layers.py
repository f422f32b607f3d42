import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from keras_trainkit.backend.model.layers import all_layers
from keras_trainkit.backend.randomness.random_masks import Draws
from keras_trainkit.backend.randomness.random_masks import as_key
from keras_trainkit.kernels.dropout import used_rate
from keras_trainkit.sampling.switched_layers import dropped_copies
from keras_trainkit.sampling.switched_layers import dropping
from keras_trainkit.sampling.switched_layers import drops_plainly
from keras_trainkit.sampling.switched_layers import owns_seeds
from keras_trainkit.sampling.switched_layers import random_layers
from tests.helpers.arrays import to_numpy
from tests.helpers.prediction_state import changed
from tests.helpers.prediction_state import prediction_state
from tests.helpers.random_zoo import ZOO
from tests.helpers.random_zoo import Noisy
from tests.helpers.random_zoo import OwnDropout
from tests.helpers.random_zoo import model_and_data

L = keras.layers
XLA = keras.backend.backend() == "jax"


def draws():
    return Draws(as_key(3), XLA)


@pytest.mark.parametrize("name", ZOO)
def test_every_model_of_the_zoo_has_them(name):
    model, _ = model_and_data(name, rows=1)
    rates = [r for rates in random_layers(model).values() for r in rates]
    assert any(0 < rate < 1 for rate in rates)


def test_they_are_listed_with_their_rates():
    drop, cell = L.Dropout(0.3), L.GRUCell(2, dropout=0.1)
    layers = [L.Dense(4), drop, L.Reshape((2, 2)), L.RNN(cell), L.ReLU()]
    model = keras.Sequential([keras.Input((4,)), *layers])
    assert random_layers(model) == {drop: (0.3,), cell: (0.1, 0.0)}


@pytest.mark.parametrize(
    "layer", [L.GaussianNoise(0.1), ktk.layers.RReLU(), L.RandomFlip()]
)
def test_noise_that_is_no_dropout_stays_off(layer):
    model = keras.Sequential([keras.Input((4, 4, 3)), layer])
    assert random_layers(model) == {}
    noise = isinstance(layer, L.GaussianNoise)
    assert list(random_layers(model, noise=True)) == [layer] * noise


def switched(layer, x, training=False):
    with dropping([layer], [layer], draws()):
        return to_numpy(layer(x, training=training))


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize(
    "layer, shape",
    [
        (L.Dropout(0.3), (5, 6)),
        (ktk.layers.MCDropout(0.3), (5, 6)),
        (L.Dropout(0.3, noise_shape=(None, 1)), (5, 6)),
        (L.SpatialDropout1D(0.3), (5, 3, 6)),
        (L.SpatialDropout2D(0.3), (5, 2, 2, 6)),
        (L.SpatialDropout3D(0.3), (5, 2, 2, 2, 6)),
        (ktk.layers.MCSpatialDropout1D(0.3), (5, 3, 6)),
    ],
)
def test_dropped_or_scaled(layer, shape, training):
    found = switched(layer, np.ones(shape, "float32"), training)
    values = np.unique(found)
    np.testing.assert_allclose(values, [0, 1 / (1 - used_rate(0.3))], rtol=1e-6)


def test_spatial_dropout_drops_whole_maps():
    found = switched(L.SpatialDropout2D(0.5), np.ones((9, 4, 4, 8), "float32"))
    np.testing.assert_array_equal(found, found[:, :1, :1] + 0 * found)


@pytest.mark.parametrize("rate, expected", [(0.0, 1.0), (1.0, 0.0)])
def test_rates_that_are_not_random(rate, expected):
    found = switched(L.Dropout(rate), np.ones((4, 5), "float32"))
    np.testing.assert_array_equal(found, np.full((4, 5), expected))


def test_the_dtype_is_kept():
    layer = L.Dropout(0.3, dtype="float16")
    assert switched(layer, np.ones((4, 5), "float16")).dtype == "float16"


def test_a_users_call_is_kept():
    found = switched(OwnDropout(0.5), np.ones((9, 9), "float32"))
    assert set(np.unique(found)) == {1.0, 3.0}


@pytest.mark.parametrize("error", [None, RuntimeError, KeyboardInterrupt])
@pytest.mark.parametrize("name", ["lstm", "dropout", "multi-head"])
def test_layers_are_given_back(name, error):
    model, x = model_and_data(name, rows=2)
    model(x)
    layers = all_layers(model)
    before = prediction_state(model)
    try:
        with dropping(layers, random_layers(model), draws()):
            model(x)
            if error is not None:
                raise error
    except (RuntimeError, KeyboardInterrupt):
        pass
    assert changed(before, prediction_state(model)) == []


def test_a_call_that_was_there_is_given_back():
    layer = L.Dropout(0.5)
    own = vars(layer)["call"] = lambda inputs, training=False: inputs + 1
    with dropping([layer], [layer], draws()):
        assert float(layer(np.zeros(1, "float32"))[0]) == 1.0
    assert vars(layer)["call"] is own


def test_who_owns_seeds():
    assert owns_seeds(Noisy()) and not owns_seeds(L.Dense(2))


def test_keras_still_has_the_privates():
    assert callable(L.SpatialDropout1D(0.1)._get_noise_shape)
    assert L.Bidirectional(L.GRU(2))._flatten_layers
    assert L.LSTMCell(2, dropout=0.1).seed_generator._initial_seed is None


def test_copies_are_dropped_without_being_made():
    layer = L.Dropout(0.5)
    x = np.arange(1, 13, dtype="float32").reshape((3, 4))
    found = to_numpy(
        dropped_copies(layer, draws(), keras.ops.convert_to_tensor(x), 400)
    )
    copies = found.reshape((400, 3, 4))
    values = np.where(copies == 0, 0, 2 * x)
    np.testing.assert_allclose(copies, values, rtol=1e-6)
    kept = (copies != 0).reshape((400, 12))
    assert np.abs(kept.mean(axis=0) - 0.5).max() < 5 * 0.5 / 20
    correlation = np.corrcoef(kept.T) - np.eye(12)
    assert np.abs(correlation).max() < 5 / 20


@pytest.mark.parametrize(
    "layer, plain",
    [
        (L.Dropout(0.5), True),
        (ktk.layers.MCDropout(0.5), True),
        (L.Dropout(0.5, noise_shape=(None, 1)), False),
        (L.Dropout(0.0), False),
        (L.Dropout(1.0), False),
        (L.SpatialDropout1D(0.5), False),
        (OwnDropout(0.5), False),
        (L.AlphaDropout(0.5), False),
        (L.Dense(2), False),
    ],
)
def test_which_layers_drop_plainly(layer, plain):
    assert drops_plainly(layer) == plain
