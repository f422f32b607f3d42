import gc
import weakref

import keras
import pytest

from keras_trainkit.sampling.monte_carlo_cache import monte_carlo
from keras_trainkit.sampling.random_layers import RandomLayers
from tests.helpers.random_zoo import Subclassed
from tests.helpers.random_zoo import flat

L = keras.layers


def numbers(outputs):
    return [("regression", False)]


def others(outputs):
    return [("auto", False)]


def made(model, settings=numbers, return_samples=False):
    return monte_carlo(RandomLayers(model), settings, return_samples)


def model():
    return flat(L.Dense(3), L.Dropout(0.5))


def test_what_was_made_is_found_again():
    one = model()
    assert made(one) is made(one)
    assert made(one) is not made(model())


def test_other_options_are_kept_beside():
    one = model()
    first = made(one)
    assert made(one, others) is not first
    assert made(one, return_samples=True) is not first
    assert made(one) is first


def other_rate(one):
    one.layers[1].rate = 0.25


def other_noise_shape(one):
    one.layers[1].noise_shape = (None, 1)


def another_layer(one):
    one.add(L.Dense(1))


def a_layer_less(one):
    one.pop()


def eager(one):
    one.compile(run_eagerly=True, jit_compile=False)


def low_rank(one):
    one.layers[0].enable_lora(1)


CHANGES = [other_rate, other_noise_shape, another_layer, a_layer_less, eager]


@pytest.mark.parametrize("change", [*CHANGES, low_rank])
def test_a_changed_model_is_seen(change):
    one = model()
    first = made(one)
    change(one)
    assert made(one) is not first


@pytest.mark.parametrize("make", [model, Subclassed])
def test_it_ends_with_the_model(make):
    one = make()
    engine = weakref.ref(made(one))
    dead = weakref.ref(one)
    del one
    gc.collect()
    assert dead() is None
    gc.collect()
    assert engine() is None
