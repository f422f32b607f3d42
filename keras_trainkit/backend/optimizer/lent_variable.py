"""A variable that someone else writes for a while.

The learning rate has to be a variable while a schedule runs: callbacks read
it, checkpoints save it. So its value changes during `fit`, and `fit` may die
without a word. A lent variable therefore asks its guard before it is read or
written; the guard gives the old value back once the run is over, and refuses
writes that are not its own.
"""

import functools
import sys

# They restore a state: they neither schedule nor overwrite a schedule.
# keras/src/optimizers/base_optimizer.py and backend/jax/trainer.py, where the
# last one is called `state_sync` since Keras 3.16.
_RESTORING_CALLERS = (
    "load_own_variables",
    "set_weights",
    "jax_state_sync",
    "state_sync",
)


def lend(variable, guard):
    """Puts `guard` before every read and write of `variable`.

    Args:
        variable: A `keras.Variable`.
        guard: Has `over()`, true once the loan should have ended,
            `settle()`, which ends it, and `refuse_write()`, which raises for
            a write that is not the guard's.
    """
    variable._keras_trainkit_guard = guard
    variable.__class__ = _lent(type(variable))


def take_back(variable):
    """Makes `variable` an ordinary one again; its value stays."""
    variable.__class__ = type(variable).__mro__[2]
    del variable._keras_trainkit_guard


class _Lent:
    @property
    def value(self):
        guard = self._keras_trainkit_guard
        if guard.over():
            guard.settle()
            return self.value
        return super().value

    def assign(self, value):
        guard = self._keras_trainkit_guard
        if guard.over():
            guard.settle()
            return self.assign(value)
        if sys._getframe(1).f_code.co_name not in _RESTORING_CALLERS:
            guard.refuse_write()
        return super().assign(value)


@functools.cache
def _lent(variable_class):
    return type(variable_class.__name__, (_Lent, variable_class), {})
