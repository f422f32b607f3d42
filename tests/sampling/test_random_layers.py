import keras
import pytest

import keras_trainkit as ktk
from keras_trainkit.sampling.random_layers import RandomLayers
from tests.helpers.random_zoo import ZOO
from tests.helpers.random_zoo import model_and_data

L = keras.layers


@pytest.mark.parametrize("name", ZOO)
def test_every_model_of_the_zoo_has_them(name):
    model, _ = model_and_data(name, rows=1)
    rates = [r for rates in RandomLayers(model).rates.values() for r in rates]
    assert any(0 < rate < 1 for rate in rates)


def test_they_are_listed_with_their_rates():
    drop, cell = L.Dropout(0.3), L.GRUCell(2, dropout=0.1)
    layers = [L.Dense(4), drop, L.Reshape((2, 2)), L.RNN(cell), L.ReLU()]
    model = keras.Sequential([keras.Input((4,)), *layers])
    found = RandomLayers(model)
    assert found.rates == {drop: (0.3,), cell: (0.1, 0.0)}
    assert found.active == [drop, cell]
    assert set(model.layers) < set(found.every) and model in found.every


@pytest.mark.parametrize(
    "layer", [L.GaussianNoise(0.1), ktk.layers.RReLU(), L.RandomFlip()]
)
def test_noise_that_is_no_dropout_stays_off(layer):
    model = keras.Sequential([keras.Input((4, 4, 3)), layer])
    assert RandomLayers(model).rates == {}
    noise = isinstance(layer, L.GaussianNoise)
    assert list(RandomLayers(model, noise=True).rates) == [layer] * noise


@pytest.mark.parametrize(
    "layer, draws",
    [
        (L.Dropout(0.5), True),
        (L.Dropout(0.0), False),
        (L.Dropout(1.0), False),
        (L.GaussianNoise(1.0), True),
        (L.GaussianNoise(0.0), False),
        (L.LSTM(1, recurrent_dropout=0.1), True),
    ],
)
def test_which_layers_draw(layer, draws):
    found = RandomLayers(layer_in_a_model(layer), noise=True)
    assert (layer in found.active) == draws
    assert layer in found.rates


def layer_in_a_model(layer):
    return keras.Sequential([keras.Input((4, 4)), layer])


def test_a_model_in_which_nothing_draws_is_refused():
    model = layer_in_a_model(L.Dropout(0.0, name="off"))
    with pytest.raises(ValueError, match=r"Found: off \(0.0\). Give a layer"):
        RandomLayers(model).require_active()


def test_whether_all_is_built():
    assert RandomLayers(layer_in_a_model(L.Dropout(0.5))).built
    assert not RandomLayers(keras.Sequential([L.Dense(1)])).built
