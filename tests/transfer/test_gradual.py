"""Stages of groups, and what they train in a fit."""

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from keras_trainkit.models.groups import groups
from keras_trainkit.transfer.gradual import gradual
from tests.helpers.arrays import to_numpy
from tests.models import stacks
from tests.models import zoo


@pytest.mark.one_backend
@pytest.mark.parametrize(
    "arguments, expected",
    [
        ({}, {0: groups(1), 2: groups(2), 4: groups(3), 6: groups(4)}),
        ({"every": 1, "most": 2}, {0: groups(1), 1: groups(2)}),
        ({"n": 2}, {0: groups(1, of=2), 2: groups(2, of=2)}),
        (
            {"every": np.int64(3), "n": np.int32(3), "most": np.int8(1)},
            {0: groups(1, of=3)},
        ),
    ],
    ids=str,
)
def test_which_stages_there_are(arguments, expected):
    model = stacks.transformer(count=2)
    assert gradual(model, **arguments) == expected


class Moved(keras.callbacks.Callback):
    """The paths of the weights that each epoch moved."""

    def on_train_begin(self, logs=None):
        self.epochs = []

    def on_epoch_begin(self, epoch, logs=None):
        self.before = self._values()

    def on_epoch_end(self, epoch, logs=None):
        after = self._values()
        self.epochs.append(
            {p for p in after if not np.array_equal(after[p], self.before[p])}
        )

    def _values(self):
        return {w.path: to_numpy(w.value) for w in self.model.weights}


def test_a_fit_trains_from_the_top_down():
    model = stacks.transformer(count=2, token=True)
    model.compile(keras.optimizers.SGD(0.1, momentum=0.9), "mse")
    x = np.random.default_rng(0).normal(size=(4, 3, 4)).astype("float32")
    fine_tuning = ktk.callbacks.FineTuning(gradual(model, every=1, most=2))
    recorder = Moved()
    callbacks = [fine_tuning, recorder]
    model.fit(x, x[..., :1], epochs=2, verbose=0, callbacks=callbacks)
    first, second = recorder.epochs
    assert first == {"head/kernel", "head/bias"}
    still = {
        weight.path
        for weight in model.weights
        if weight.path.startswith(("stem", "stack/block_0", "stack/token"))
    }
    assert second == {weight.path for weight in model.weights} - still
    assert len(still) == 2 + 10 + 1


@pytest.mark.one_backend
@pytest.mark.one_backend
@pytest.mark.parametrize(
    "arguments, error, message",
    [
        ({"model": "vgg"}, TypeError, "keras.Model"),
        ({"every": 0}, ValueError, "at least 1.*every=0"),
        ({"every": 1.5}, TypeError, "an integer"),
        ({"every": True}, TypeError, "an integer"),
        ({"n": 3}, ValueError, "at most 2"),
        ({"n": 0}, ValueError, "at least 1"),
        ({"most": 3}, ValueError, "from 1 to 2"),
        ({"most": 0}, ValueError, "from 1 to 2"),
        ({"most": "1"}, TypeError, "an integer"),
    ],
    ids=str,
)
def test_bad_arguments_are_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        gradual(**{"model": zoo.sequential(), **arguments})


def test_a_model_that_is_not_built_is_refused():
    with pytest.raises(ValueError, match="has not been built"):
        gradual(keras.Sequential([zoo.dense(1, "head")]))


@pytest.mark.one_backend
def test_a_model_without_weights_has_no_stages():
    model = keras.Sequential([keras.Input((4,)), keras.layers.ReLU()])
    with pytest.raises(ValueError, match="a model with weights"):
        gradual(model)
