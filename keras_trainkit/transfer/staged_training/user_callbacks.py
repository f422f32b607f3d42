"""A user's callbacks see one training, not a `fit` for each stage."""

import contextlib

import keras

from keras_trainkit.callbacks.bases.traced_callback import TracedCallback
from keras_trainkit.callbacks.fine_tuning import FineTuning
from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value

_REFUSED = (
    (
        (
            TracedCallback,
            keras.callbacks.LearningRateScheduler,
            keras.callbacks.ReduceLROnPlateau,
        ),
        "The learning rate is that of a cycle in each stage. To schedule it "
        "otherwise, call `fit` with `callbacks.FineTuning` and that callback.",
    ),
    (
        (FineTuning,),
        "`fine_tune` freezes and unfreezes by itself. For other stages call "
        "`fit` with `callbacks.FineTuning`.",
    ),
    (
        (keras.callbacks.BackupAndRestore,),
        "It knows the epoch of a run, but not which of the searches and "
        "stages were done. Call `fit` with `callbacks.FineTuning`, which can "
        "be resumed.",
    ),
)


class UserCallbacks:
    """The callbacks that `fine_tune` was given.

    Each stage is a `fit`; `on_train_begin` goes through in the first and
    `on_train_end` is called at the very end.

    Args:
        callbacks: A callback, or a list or tuple of them.

    Raises:
        TypeError: If they are anything else.
        ValueError: If one of them cannot work in several fits.
    """

    def __init__(self, callbacks):
        if isinstance(callbacks, keras.callbacks.Callback):
            callbacks = [callbacks]
        if callbacks is None:
            callbacks = []
        if not isinstance(callbacks, (list, tuple)) or not all(
            isinstance(one, keras.callbacks.Callback) for one in callbacks
        ):
            raise bad_type(
                "callbacks", callbacks, "a list of `keras.callbacks.Callback`s"
            )
        self._callbacks = list(callbacks)
        self._begun = False
        for one in self._callbacks:
            for kinds, hint in _REFUSED:
                if isinstance(one, kinds):
                    raise bad_value(
                        "callbacks",
                        type(one).__name__,
                        "made of callbacks that act in all of its stages",
                        hint,
                    )

    @contextlib.contextmanager
    def in_a_stage(self):
        """Yields them as a list for one `fit`."""
        muted = ["on_train_end"]
        if self._begun:
            muted.append("on_train_begin")
        kept = [dict(vars(one)) for one in self._callbacks]
        for one in self._callbacks:
            vars(one).update(dict.fromkeys(muted, _do_nothing))
        self._begun = True
        try:
            yield list(self._callbacks)
        finally:
            for one, before in zip(self._callbacks, kept, strict=True):
                for name in muted:
                    vars(one).pop(name, None)
                    if name in before:
                        vars(one)[name] = before[name]

    def end(self, logs):
        """Ends the training for all of them."""
        for one in self._callbacks:
            one.on_train_end(logs)


def _do_nothing(logs=None):
    pass
