"""The siblings of a callback, found on the stack."""

import keras
import pytest

from keras_trainkit.backend.training.callback_order import callbacks_behind

pytestmark = pytest.mark.one_backend


class Looks(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        self.behind = callbacks_behind(self)


def test_those_behind_it_are_found_in_nested_lists_too():
    first, last, looks = keras.callbacks.Callback(), Looks(), Looks()
    inner = keras.callbacks.Callback()
    nested = keras.callbacks.CallbackList([looks, inner])
    # Nested within an object, for Keras flattens what it is given.
    keras.callbacks.CallbackList([first, nested, last]).on_train_begin()
    assert looks.behind == [inner]
    assert last.behind == []


def test_without_a_list_there_are_none():
    looks = Looks()
    looks.on_train_begin()
    assert looks.behind == []
