"""What a callback changes in a cached trunk is an error."""

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from keras_trainkit.transfer.frozen_trunk.trunk_watch import TrunkWatch
from tests.helpers.frozen_backbone import X
from tests.helpers.frozen_backbone import Y
from tests.helpers.frozen_backbone import reused


def kernel(model):
    return model.get_layer("backbone").get_layer("first").kernel


def assign(model):
    kernel(model).assign(kernel(model) + 1)


def unfreeze(model):
    ktk.transfer.unfreeze(model, "backbone/second")


def train_statistics(model):
    model.get_layer("backbone").get_layer("norm").trainable = True


def change_the_head(model):
    head = model.get_layer("head").kernel
    head.assign(head + 1)


CHANGES = {
    assign: "backbone.*kernel",
    unfreeze: "trainable.*second",
    train_statistics: "trainable.*norm",
    change_the_head: None,
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_named(change):
    model = reused()
    watch = TrunkWatch(model.get_layer("backbone").layers)
    watch.on_epoch_end(0)
    change(model)
    if CHANGES[change] is None:
        watch.on_epoch_end(1)
        return
    with pytest.raises(ValueError, match=CHANGES[change]):
        watch.on_epoch_end(1)


class Changes(keras.callbacks.Callback):
    def __init__(self, change):
        super().__init__()
        self.change = change

    def on_epoch_begin(self, epoch, logs=None):
        if epoch:
            self.change(self.model)


@pytest.mark.parametrize("change", [assign, change_the_head])
def test_a_run_on_cached_features_ends_with_it(change):
    model = reused()
    before = np.asarray(keras.ops.convert_to_numpy(kernel(model)))
    run = {
        "head_epochs": 3,
        "epochs": 3,
        "batch_size": 8,
        "learning_rate": 0.01,
        "validation_data": (X[:8], Y[:8]),
        "callbacks": [Changes(change)],
        "verbose": 0,
    }
    if change is assign:
        with pytest.raises(ValueError, match="cache_features=False"):
            ktk.transfer.fine_tune(model, X, Y, **run)
        assert model.history.epoch == [0, 1]
        assert "call" not in vars(model)
    else:
        history = ktk.transfer.fine_tune(model, X, Y, **run)
        assert history.stages[0].cached and history.epoch == [0, 1, 2]
        np.testing.assert_array_equal(
            keras.ops.convert_to_numpy(kernel(model)), before
        )
