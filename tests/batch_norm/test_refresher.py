"""A model that is refreshed several times."""

import keras
import numpy as np
import pytest

from keras_trainkit.batch_norm.refresher import Refresher
from keras_trainkit.batch_norm.refresher import trained_layers
from tests.helpers.batch_norms import Recording
from tests.helpers.batch_norms import assert_refreshed
from tests.helpers.batch_norms import compiled
from tests.helpers.batch_norms import statistics

X = np.random.default_rng(0).normal(size=(12, 2)).astype("float32") + 1


def network():
    first = [Recording(name="first"), keras.layers.Dense(2, "relu")]
    inner = keras.Sequential([keras.Input((2,)), *first], name="inner")
    last = Recording(name="last")
    return compiled(keras.Sequential([keras.Input((2,)), inner, last]))


def test_weights_and_flags_may_change_in_between():
    model = network()
    refresher = Refresher(model)
    assert refresher(X, 12, None) == ["inner/first", "last"]
    assert refresher.passes() == 2
    before = statistics(model)["first"]
    model.layers[0].layers[1].bias.assign(np.full(2, 1.5))
    model.layers[0].layers[0].trainable = False
    assert refresher(X + 1, 12, None) == ["last"]
    assert refresher.passes() == 1
    np.testing.assert_equal(statistics(model)["first"], before)
    assert_refreshed(model, X + 1, ["last"])


@pytest.mark.one_backend
def test_a_layer_on_two_paths_is_listed_once():
    shared, inputs = Recording(name="shared"), keras.Input((2,))
    inner = keras.Sequential([keras.Input((2,)), shared], name="inner")
    model = keras.Model(inputs, shared(inner(inputs)))
    assert list(trained_layers(model).values()) == [shared]
    assert list(trained_layers(network())) == ["inner/first", "last"]
