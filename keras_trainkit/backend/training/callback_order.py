"""The callbacks of a `fit` that come behind one of them."""

import sys

import keras

_CALLBACK_LIST_MODULE = "keras.src.callbacks.callback_list"


def callbacks_behind(callback):
    """Returns the callbacks that the running list calls after `callback`.

    A callback is not told its siblings; the list that calls its hook is found
    on the stack (`CallbackList`, keras/src/callbacks/callback_list.py).

    Args:
        callback: A `keras.callbacks.Callback`, inside of one of its hooks.

    Returns:
        List of callbacks; `[]` where no `CallbackList` drives it.
    """
    frame = sys._getframe(1)
    while frame is not None:
        if frame.f_globals.get("__name__") == _CALLBACK_LIST_MODULE:
            listed = _flat(frame.f_locals["self"])
            places = [i for i, one in enumerate(listed) if one is callback]
            return listed[places[0] + 1 :] if places else []
        frame = frame.f_back
    return []


def _flat(callback_list):
    found = []
    for one in callback_list.callbacks:
        nested = isinstance(one, keras.callbacks.CallbackList)
        found += _flat(one) if nested else [one]
    return found
