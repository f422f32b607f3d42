"""Optimizer state that is loaded before the optimizer has its final form.

BackupAndRestore loads in `on_train_begin`, when nobody knows the epoch yet
(keras/src/callbacks/backup_and_restore.py). A callback that forms the
optimizer once the epoch is known comes too late: with another number of
variables Keras drops all that was loaded, with only a warning
(keras/src/optimizers/base_optimizer.py). So what is loaded is kept until then.
"""

from functools import partial

import keras
import numpy as np

from keras_trainkit.backend.optimizer import anatomy
from keras_trainkit.backend.optimizer import slots
from keras_trainkit.backend.training.running_fit import RunningFit
from keras_trainkit.kernels.argument_checks import bad_value

_METHOD = "load_own_variables"


class LateLoad:
    """Keeps what is loaded into a model's optimizer as a `fit` begins.

    To be made in `set_model`: every one comes before any `on_train_begin`, so
    the order of the callbacks does not matter. It does nothing for a callback
    driven by hand, without a `CallbackList`, and for an optimizer that loads
    in its own way.

    Args:
        model: A `keras.Model`.
    """

    def __init__(self, model):
        self._fit = RunningFit()
        self._kept = self._loaded_at_once = None
        self._lent = []
        chain = _chain(getattr(model, "optimizer", None))
        if self._fit.known() and all(map(_loads_as_keras_does, chain)):
            self._lend(chain)

    def take(self):
        """Returns the optimizer's state that waits to be loaded, or `None`.

        The optimizer loads as ever from here on.
        """
        self.end()
        return self._kept

    def end(self):
        """Gives the optimizer its own method back."""
        for optimizer, own in self._lent:
            if own is None:
                optimizer.__dict__.pop(_METHOD, None)
            else:
                optimizer.__dict__[_METHOD] = own
        self._lent = []
        self._fit.forget()

    def load_into(self, optimizer, attempts_left):
        """Loads what was kept, if it is of an optimizer of this form.

        Args:
            optimizer: What `model.optimizer` holds now.
            attempts_left: Whether another form will be tried after this one.

        Returns:
            Whether it was of this form.

        Raises:
            ValueError: At the last attempt, when nothing has taken the state.
        """
        if _fits(optimizer, self._kept):
            type(optimizer).load_own_variables(optimizer, self._kept)
            self._kept = None
            return True
        if not attempts_left and not self._loaded_at_once:
            raise bad_value(
                "backup",
                f"{len(self._kept)} variables of an optimizer",
                "made by a run with the same stages and the same optimizer "
                f"(which has {len(optimizer.variables)} variables here)",
                "Take the stages it was made with, or delete the backup.",
            )
        return False

    def _lend(self, chain):
        for optimizer in chain:
            self._lent.append((optimizer, optimizer.__dict__.get(_METHOD)))
            # An inner optimizer's variables are among the outer one's.
            keep = self._keep if optimizer is chain[0] else _leave
            optimizer.__dict__[_METHOD] = partial(self._load, optimizer, keep)

    def _load(self, optimizer, keep, store):
        if self._fit.alive():
            keep(optimizer, store)
        else:
            self.end()
            optimizer.load_own_variables(store)

    def _keep(self, optimizer, store):
        keys = store.keys()
        self._kept = {key: np.array(store[key]) for key in keys}
        self._loaded_at_once = _fits(optimizer, self._kept)
        if self._loaded_at_once:
            type(optimizer).load_own_variables(optimizer, self._kept)
        else:
            _load_counters(optimizer, self._kept)


def _leave(optimizer, store):
    """Loads nothing."""


def _chain(optimizer):
    chain = []
    while optimizer is not None:
        chain.append(optimizer)
        wrapped = anatomy.is_wrapper(optimizer)
        optimizer = optimizer.inner_optimizer if wrapped else None
    return chain


def _loads_as_keras_does(optimizer):
    base = keras.optimizers.Optimizer
    return type(optimizer).load_own_variables is base.load_own_variables


def _fits(optimizer, kept):
    variables = optimizer.variables
    return len(variables) == len(kept) and all(
        tuple(variable.shape) == kept[str(i)].shape
        for i, variable in enumerate(variables)
    )


def _load_counters(optimizer, kept):
    """Loads the iterations alone: other callbacks ask for them earlier.

    Constructors make them, and a LossScaleOptimizer has no slots of its own
    (keras/src/optimizers/loss_scale_optimizer.py), so their places in a built
    optimizer do not depend on what trains.
    """
    counters = {id(slots.counter(one)) for one in _chain(optimizer)}
    if optimizer.built:
        for i, variable in enumerate(optimizer.variables):
            if id(variable) in counters:
                variable.assign(kept[str(i)])
