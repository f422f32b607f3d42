"""What can be data: arrays in structures, or something that yields batches."""

import keras

from keras_trainkit.kernels.argument_checks import bad_type

ARRAYS = "an array, or a list or dictionary of arrays"


def require_arrays(name, data, expected=ARRAYS):
    """Raises unless `data` is an array with rows, or a structure of such.

    A `None` among arrays is an optional input, or an output without weights.

    Args:
        name: The argument's name.
        data: What was received.
        expected: What would have been accepted, in words.

    Raises:
        TypeError: For anything else: a number, a string, a class, a list of
            numbers, `None`.
    """
    leaves = [one for one in keras.tree.flatten(data) if one is not None]
    if not leaves or not all(_has_rows(leaf) for leaf in leaves):
        raise bad_type(name, data, expected)


def require_data(name, data):
    """Raises unless `data` may be what `fit` and `predict` read.

    Args:
        name: The argument's name.
        data: Arrays as for `require_arrays`, or what yields batches: a
            `tf.data.Dataset`, a `PyDataset`, a torch `DataLoader`, a
            generator.

    Raises:
        TypeError: For anything else.
    """
    yields = hasattr(data, "__iter__") or hasattr(data, "__getitem__")
    held = isinstance(data, (type, str, bytes, list, tuple, dict))
    if held or not yields or hasattr(data, "__array__"):
        require_arrays(name, data, f"{ARRAYS}, or a dataset of batches")


def _has_rows(leaf):
    shape = getattr(leaf, "shape", None)
    known = not isinstance(leaf, type) and hasattr(shape, "__len__")
    return known and len(shape) > 0
