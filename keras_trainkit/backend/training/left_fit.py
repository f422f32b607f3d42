"""The variables of a model whose `fit` has ended, by an exception too.

JAX takes the values out of the variables for the length of an epoch, and
leaves that to the model that is trained (keras/src/backend/jax/trainer.py):
layers that were lent to it are left without weights when an epoch dies.
"""

import keras

from keras_trainkit.backend.devices.device_copies import fill_if_empty


def bring_variables_back(model, kept):
    """Gives variables that a `fit` has left empty their last values.

    Args:
        model: The `keras.Model` whose `fit` has ended.
        kept: List of `(variable, values)`, as `read_copies` has read them
            before it. A variable gets these only if the last values are gone:
            a compiled step that fails has used them up.
    """
    if keras.backend.backend() == "jax" and not _used_up(model):
        model.jax_state_sync()
    for variable, values in kept:
        fill_if_empty(variable, values)


def _used_up(model):
    # A compiled step frees the arrays that it is given.
    state = getattr(model, "_jax_state", None) or {}
    return any(array.is_deleted() for array in keras.tree.flatten(state))
