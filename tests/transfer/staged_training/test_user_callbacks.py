"""Callbacks are muted between stages, and given back."""

import keras
import pytest

import keras_trainkit as ktk
from keras_trainkit.transfer.staged_training.user_callbacks import UserCallbacks

pytestmark = pytest.mark.one_backend


class Hooks(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.seen = []

    def on_train_begin(self, logs=None):
        self.seen.append("begin")

    def on_train_end(self, logs=None):
        self.seen.append(("end", logs))


def stage(callbacks):
    with callbacks.in_a_stage() as given:
        for one in given:
            one.on_train_begin()
            one.on_train_end()


def test_one_beginning_and_one_end():
    hooks = Hooks()
    own = hooks.on_train_end = lambda logs=None: hooks.seen.append("own")
    callbacks = UserCallbacks(hooks)
    stage(callbacks)
    stage(callbacks)
    assert hooks.seen == ["begin"]
    assert hooks.on_train_end is own
    assert "on_train_begin" not in vars(hooks)
    callbacks.end({"loss": 1.0})
    assert hooks.seen == ["begin", "own"]


def test_they_are_given_back_after_an_error():
    hooks = Hooks()
    with pytest.raises(OSError), UserCallbacks([hooks]).in_a_stage():
        raise OSError
    hooks.on_train_end({"loss": 1.0})
    assert hooks.seen == [("end", {"loss": 1.0})]


REFUSED = {
    "OneCycle": lambda: ktk.callbacks.OneCycle(0.1),
    "FineTuning": lambda: ktk.callbacks.FineTuning({0: 1}),
    "ReduceLROnPlateau": keras.callbacks.ReduceLROnPlateau,
    "BackupAndRestore": lambda: keras.callbacks.BackupAndRestore("/tmp"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_work_in_several_fits_is_refused(name):
    with pytest.raises(ValueError, match=name):
        UserCallbacks([REFUSED[name]()])


@pytest.mark.parametrize("given", [3, [3], keras.callbacks.CallbackList])
def test_what_is_no_callback_is_refused(given):
    with pytest.raises(TypeError, match="callbacks"):
        UserCallbacks(given)
