"""The copies of a variable that `tf.distribute` keeps on several devices.

They need not be equal: metrics, and the statistics of a BatchNormalization
that does not synchronise, are each replica's own. Keras's `Variable` shows
one of them, or their sum; and what it shows cannot be read inside a strategy's
scope.
"""

import keras

from keras_trainkit.backend.devices.between_processes import assign_whole
from keras_trainkit.backend.devices.between_processes import own_tensor


def copies(variable):
    """Returns what each device holds of a variable.

    Args:
        variable: A `keras.Variable` or a `tf.Variable`.

    Returns:
        Sequence with one element for each copy: the backend's own variable or
        tensor. Where a variable is not copied, or is spread over devices by
        JAX, which keeps copies equal, the only element is its value.
    """
    if keras.backend.backend() != "tensorflow":
        return (variable.value,)
    import tensorflow as tf

    own = isinstance(variable, tf.Variable)
    value = variable if own else variable.value
    if isinstance(value, tf.distribute.DistributedValues):
        return value.values
    return (value,)


def read_copies(variable):
    """Returns a NumPy array for each copy; later steps do not change them.

    Where processes of JAX hold a variable together, all of them must ask.
    """
    return [
        keras.ops.convert_to_numpy(own_tensor(copy)).copy()
        for copy in copies(variable)
    ]


def write_copies(variable, values):
    """Assigns to each copy its own value.

    Args:
        variable: The variable that `read_copies` has read.
        values: What it has returned.
    """
    held = copies(variable)
    if len(held) == 1:
        assign_whole(variable, values[0])
        return
    for copy, value in zip(held, values, strict=True):
        copy.assign(value)


def fill_if_empty(variable, values):
    """Gives a variable without a value one, so that it can be read.

    JAX takes the values out of the variables for an epoch, and leaves them
    empty when the first step dies (keras/src/backend/jax/trainer.py).

    Args:
        variable: The variable that `read_copies` has read.
        values: What it has returned.
    """
    jax = keras.backend.backend() == "jax"
    if jax and variable._value is None:
        variable._value = keras.ops.convert_to_tensor(
            values[0], dtype=variable.dtype
        )
