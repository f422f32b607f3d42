"""Rows of the arrays that `fit` takes, as many as a batch needs."""

import keras
import numpy as np

from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value


class ArrayRows:
    """Gives any number of rows of arrays that belong together.

    Args:
        arrays: Dict `{argument of fit: array, structure of arrays, or None}`.

    Attributes:
        count: Integer, how many rows there are.

    Raises:
        TypeError: If a part is no array.
        ValueError: If there is no row, or the parts differ in length.
    """

    def __init__(self, arrays):
        for name, part in arrays.items():
            if part is not None and not keras.tree.flatten(part):
                raise bad_value(name, part, "an array, or a structure of them")
        self._arrays = {
            name: keras.tree.map_structure(lambda a, n=name: _array(n, a), part)
            for name, part in arrays.items()
            if part is not None or name == "x"
        }
        lengths = [len(one) for one in keras.tree.flatten(self._arrays)]
        if len(set(lengths)) != 1 or not lengths[0]:
            raise bad_value(
                "`, `".join(self._arrays),
                lengths,
                "arrays of one length that is above 0",
            )
        self.count = lengths[0]

    def first(self, count):
        """Returns `{argument of fit: its first rows}`, repeated as needed."""
        if count <= self.count:
            return keras.tree.map_structure(lambda a: a[:count], self._arrays)
        rows = np.arange(count) % self.count
        return keras.tree.map_structure(lambda a: a[rows], self._arrays)

    def drawn(self, count, seed):
        """Returns `{argument of fit: rows}`, in order, drawn without repeat.

        Args:
            count: Integer, how many; all of them are not copied.
            seed: Integer, which decides on those that are left out.
        """
        if count == self.count:
            return self._arrays
        order = np.random.default_rng(seed).permutation(self.count)
        rows = np.sort(order[:count])
        return keras.tree.map_structure(lambda a: a[rows], self._arrays)


def _array(name, part):
    if keras.ops.is_tensor(part):
        part = keras.ops.convert_to_numpy(part)
    # NumPy makes an array of anything, of an iterator one without axes.
    array = np.asarray(part) if hasattr(part, "__array__") else None
    if array is None or not array.ndim:
        raise bad_type(
            name,
            part,
            "an array, or a list, tuple or dict of arrays",
            "A dataset makes batches of one size: pass its rows as arrays, "
            "such as those of one batch.",
        )
    return array
