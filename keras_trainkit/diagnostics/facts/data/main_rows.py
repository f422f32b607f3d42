"""Rows that all processes of one training look at."""

import keras
import numpy as np

from keras_trainkit.backend.devices.between_processes import from_main_process
from keras_trainkit.backend.devices.between_processes import spans_processes
from keras_trainkit.diagnostics.facts.data.sample import ROWS

# What a process hands to the others.
_ELEMENTS = 2**22


def rows_of_main_process(x, y):
    """Returns arrays that are the same in all processes.

    Each process of a training on JAX has rows of its own. What they conclude
    from them, such as to stop, has to be the same; so all look at rows from
    all over the main process's.

    Args:
        x: Inputs, an array, or a list or dict of arrays; or `None`.
        y: Targets, likewise.

    Returns:
        Tuple `(x, y)`: what was given, where one process trains.
    """
    if not spans_processes():
        return x, y
    return from_main_process((_thinned(x), _thinned(y)))


def _thinned(arrays):
    if arrays is None:
        return None
    return keras.tree.map_structure(_some_rows, arrays)


def _some_rows(array):
    array = keras.ops.convert_to_numpy(array)
    if array.ndim == 0 or not len(array):
        return array
    most = max(1, _ELEMENTS // max(1, array[0].size))
    rows = min(len(array), ROWS, most)
    return array[np.linspace(0, len(array) - 1, rows).astype(int)]
