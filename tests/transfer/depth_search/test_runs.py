"""A run depends on its choice and seed alone, cached or not."""

import keras
import numpy as np
import pytest

from keras_trainkit.backend.optimizer.decay_exclusion import decays
from keras_trainkit.transfer.depth_search.networks import Networks
from keras_trainkit.transfer.depth_search.runs import Runs
from keras_trainkit.transfer.depth_search.space import SCRATCH
from keras_trainkit.transfer.depth_search.space import Configuration
from tests.helpers import reuse_models as zoo

DATA = {
    "x": zoo.data()[0],
    "y": zoo.data()[1],
    "validation_data": zoo.data(8, 1),
    "batch_size": 8,
}
FROZEN = Configuration(2, 2, "replace", None)


def runs_of(model, cache=True):
    return Runs(model, Networks(model, None, 1), DATA, 2, "val_loss", cache)


def silent(epoch, score):
    pass


def test_cached_features_change_nothing_but_the_work():
    model = zoo.chain()
    cached, plain = runs_of(model), runs_of(model, cache=False)
    one, two = (runs.score(FROZEN, 3, silent) for runs in (cached, plain))
    assert one["score"] == pytest.approx(two["score"], rel=1e-5)
    assert one["weights"] == two["weights"]
    assert (cached.cached, plain.cached) == ({FROZEN}, set())


def test_a_run_follows_from_its_seed_and_reports_each_epoch():
    runs, seen = runs_of(zoo.pair()), []
    first = runs.score(SCRATCH, 3, lambda *told: seen.append(told))
    np.random.normal(size=3)
    again = runs.score(SCRATCH, 3, silent)
    other = runs.score(SCRATCH, 4, silent)
    assert first["score"] == again["score"] != other["score"]
    assert [epoch for epoch, _ in seen] == [0, 1]
    assert seen[-1][1] == first["score"]


NOT_CACHED = {
    "noise in the trunk": keras.layers.GaussianNoise(0.1),
    "a penalty": keras.layers.Dense(8, activity_regularizer="l2"),
}


@pytest.mark.parametrize("layer", NOT_CACHED.values(), ids=NOT_CACHED)
def test_what_cannot_be_computed_once_is_not(layer):
    copy = type(layer).from_config(layer.get_config())
    model = keras.Sequential([keras.Input((8,)), copy])
    model.add(keras.layers.Dense(3))
    model.add(keras.layers.Dense(2))
    model.compile("sgd", "mse")
    runs = runs_of(model)
    count = Networks(model, None, 1).count
    _, data = runs.compiled(Configuration(count, count, None, None))
    assert data["x"] is DATA["x"]
    assert runs.cached == set()


def test_the_factor_is_on_what_is_reused_and_trains():
    runs = runs_of(zoo.chain())
    network, _ = runs.compiled(Configuration(2, 1, "replace", 0.25))
    rates = {
        name: network.optimizer.multiplier_of(network.get_layer(name).kernel)
        for name in ("middle", "top", "head")
    }
    assert rates == {"middle": 0.25, "top": 1.0, "head": 1.0}
    plain = runs.network(Configuration(2, 1, "replace", 1.0))
    assert isinstance(plain.optimizer, keras.optimizers.Adam)


def test_weight_decay_leaves_the_same_weights_alone():
    model = zoo.chain()
    optimizer = keras.optimizers.AdamW()
    optimizer.exclude_from_weight_decay(var_list=[model.layers[-1].kernel])
    model.compile(optimizer, "mse", run_eagerly=True)
    network = runs_of(model).network(FROZEN)
    *_, kernel, bias = network.weights
    assert not decays(network.optimizer, kernel)
    assert decays(network.optimizer, bias)
