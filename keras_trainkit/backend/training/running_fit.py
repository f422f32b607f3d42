"""Whether the `fit` that a callback belongs to is still running.

Keras calls no hook when `fit` is left by an exception or `KeyboardInterrupt`
(keras/src/backend/tensorflow/trainer.py), so what was borrowed for the run
can only be given back when someone next touches it. Whoever touches it must
know whether the run goes on.
"""

import sys

# Its `on_train_begin` is called by `fit`, or by a custom training loop.
_CALLBACK_LIST_MODULE = "keras.src.callbacks.callback_list"


class RunningFit:
    """The call that drives the callbacks; made inside `on_train_begin`."""

    def __init__(self):
        self._frame = _driving_frame()

    def known(self):
        """Whether there is such a call, whose end can be seen."""
        return self._frame is not None

    def alive(self):
        """Whether that call is still on the stack of some thread.

        A callback driven by hand, without a `CallbackList`, has no such call
        and counts as running until it is released.
        """
        if self._frame is None:
            return True
        if _on_stack(self._frame, sys._getframe()):
            return True
        return any(
            _on_stack(self._frame, top)
            for top in sys._current_frames().values()
        )

    def forget(self):
        """Lets go of the frame, which keeps the training data alive."""
        self._frame = None


def call_batch_hooks_in_turn():
    """Lets a `fit` wait for the hooks of one batch before the next batch.

    Of callbacks that were passed without a list Keras does not ask whether
    they may run beside the training, in threads: `_configure_async_dispatch`
    of keras/src/callbacks/callback_list.py. To be called inside
    `on_train_begin`; driven by hand nothing happens.
    """
    frame = sys._getframe()
    while frame is not None:
        if _module(frame) == _CALLBACK_LIST_MODULE:
            frame.f_locals["self"]._async_train = False
            return
        frame = frame.f_back


def _driving_frame():
    frame = sys._getframe()
    while frame is not None:
        if _module(frame) == _CALLBACK_LIST_MODULE:
            while _begins_callbacks(frame):
                frame = frame.f_back
            return frame
        frame = frame.f_back
    return None


def _begins_callbacks(frame):
    # Of the list, or of a subclass of it that calls the list's.
    in_list = _module(frame) == _CALLBACK_LIST_MODULE
    return in_list or frame.f_code.co_name == "on_train_begin"


def _on_stack(wanted, frame):
    while frame is not None:
        if frame is wanted:
            return True
        frame = frame.f_back
    return False


def _module(frame):
    return frame.f_globals.get("__name__")
