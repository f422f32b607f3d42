"""Whether the `fit` that a callback belongs to is still running.

Keras calls no hook when `fit` is left by an exception or `KeyboardInterrupt`
(keras/src/backend/tensorflow/trainer.py), so what was borrowed for the run
can only be given back when someone next touches it. Whoever touches it must
know whether the run goes on.
"""

import dis
import sys

# Its `on_train_begin` is called by `fit`, or by a custom training loop.
_CALLBACK_LIST_MODULE = "keras.src.callbacks.callback_list"
_KERAS = "keras.src."


class RunningFit:
    """The call that drives the callbacks; made inside `on_train_begin`.

    In Keras's `fit` that is the call of `fit`. A custom loop may begin its
    callbacks in a helper that returns: the run then belongs to the function
    that called the helper, unless the helper raised. From the first epoch on
    it belongs to the innermost function that has called both `on_train_begin`
    and a later hook, and ends with it, however that is left.
    """

    def __init__(self):
        self._calls = _driving_calls()
        self._begun = self.in_keras()

    def known(self):
        """Whether there is such a call, whose end can be seen."""
        return bool(self._calls)

    def in_keras(self):
        """Whether it is Keras's own `fit`, not a custom loop."""
        return self.known() and _module(self._calls[0]).startswith(_KERAS)

    def alive(self):
        """Whether the run goes on, asked from any thread.

        A callback driven by hand, without a `CallbackList`, has no such call
        and counts as running until it is released.
        """
        if not self._calls:
            return True
        running = _calls_of_all_threads()
        for call in self._calls:
            if call in running:
                return True
            if self._begun or not _has_returned(call):
                return False
        return False

    def encloses_caller(self):
        """Whether it is this thread's run, so that it surely goes on.

        It looks at one stack, where `alive` looks at those of all threads: a
        step may ask.
        """
        if not self._calls:
            return True
        return any(call in self._calls for call in _stack(sys._getframe()))

    def go_on(self):
        """Notes who calls the hook that this is called in, if it goes on."""
        above = set(_stack(sys._getframe()))
        for i, call in enumerate(self._calls):
            if call in above:
                self._calls, self._begun = self._calls[i : i + 1], True
                return

    def argument(self, name):
        """Returns an argument of Keras's `fit`; `None` in a custom loop."""
        return self._calls[0].f_locals.get(name) if self.in_keras() else None

    def forget(self):
        """Lets go of the calls, which keep the training data alive."""
        self._calls = []


def call_batch_hooks_in_turn():
    """Lets a `fit` wait for the hooks of one batch before the next batch.

    Of callbacks that were passed without a list Keras does not ask whether
    they may run beside the training, in threads: `_configure_async_dispatch`
    of keras/src/callbacks/callback_list.py. To be called inside
    `on_train_begin`; driven by hand nothing happens.
    """
    for frame in _stack(sys._getframe()):
        if _module(frame) == _CALLBACK_LIST_MODULE:
            frame.f_locals["self"]._async_train = False
            return


def _driving_calls():
    """Returns the call that drives the callbacks and those that called it.

    Of Keras's `fit` the callers do not matter: it calls every hook itself.
    """
    calls = list(_stack(sys._getframe()))
    while calls and _module(calls[0]) != _CALLBACK_LIST_MODULE:
        del calls[0]
    while calls and _begins_callbacks(calls[0]):
        del calls[0]
    in_keras = calls and _module(calls[0]).startswith(_KERAS)
    return calls[:1] if in_keras else calls


def _begins_callbacks(frame):
    # Of the list, or of a subclass of it that calls the list's.
    in_list = _module(frame) == _CALLBACK_LIST_MODULE
    return in_list or frame.f_code.co_name == "on_train_begin"


def _calls_of_all_threads():
    tops = sys._current_frames().values()
    return {frame for top in tops for frame in _stack(top)}


def _has_returned(call):
    """Whether a call that is on no stack was not left by an exception.

    A generator, such as that of a context manager, rests where it yields.
    """
    last = dis.opname[call.f_code.co_code[call.f_lasti]]
    return last.startswith("RETURN") or last == "YIELD_VALUE"


def _stack(frame):
    while frame is not None:
        yield frame
        frame = frame.f_back


def _module(frame):
    return frame.f_globals.get("__name__", "")
