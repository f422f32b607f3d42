"""Batches that are gone through again and again, ever deeper in a model."""

import keras

from keras_trainkit.backend.model.prediction_batches import Batches
from keras_trainkit.backend.model.tensors import as_tensor
from keras_trainkit.kernels.argument_checks import bad_value

# Bytes of values that are kept: a quarter of a gibibyte.
MEMORY_LIMIT = 2**28


class RepeatedBatches:
    """Batches of data, or what a part of a model has made of them.

    A pass lets them go through one more part. What that makes is kept for the
    next pass where it fits into `MEMORY_LIMIT`; else the parts run again.
    What can be read only once, such as a generator, is kept as it is,
    whatever its size.

    Args:
        data: Whatever `predict` takes.
        batch_size: As in `predict`.
        steps: As in `predict`.
        memory_limit: Number of bytes. Defaults to `MEMORY_LIMIT`.
    """

    def __init__(self, data, batch_size, steps, memory_limit=None):
        self._read = lambda: Batches(data, batch_size, steps)
        self._limit = MEMORY_LIMIT if memory_limit is None else memory_limit
        self._parts = []
        self._kept, self._made = None, None
        if hasattr(data, "__next__"):
            batches = list(self._read())
            self._read = lambda: batches

    def through(self, function):
        """Makes a pass.

        Args:
            function: Callable `pairs -> (pairs, result)`, from what a batch
                has become to what the next part makes of it, and a result.
                A batch begins as the list of one pair `(inputs, None)`.

        Yields:
            The results.
        """
        made, size = [], 0
        for values in self._sources():
            for part in self._parts:
                values = part(values)
            values, result = function(values)
            size += _bytes(values)
            if size > self._limit:
                made = None
            elif made is not None:
                made.append(values)
            yield result
        self._made = made

    def go_on(self, part):
        """Lets later passes begin behind the last one.

        Args:
            part: Callable `pairs -> pairs`: what the function of that pass
                does to them.
        """
        if self._made is None:
            self._parts.append(part)
        else:
            self._kept, self._parts = self._made, []

    def _sources(self):
        if self._kept is not None:
            yield from self._kept
            return
        any_batch = False
        for batch in self._read():
            any_batch = True
            yield [(keras.tree.map_structure(as_tensor, batch), None)]
        if not any_batch:
            raise bad_value("data", "no batch", "data with at least one batch")


def _bytes(values):
    return sum(
        _size(one) for one in keras.tree.flatten(values) if one is not None
    )


def _size(value):
    if not keras.ops.is_tensor(value):
        return 0
    # The largest dtype, so that the limit holds.
    sizes = {"float64": 8, "int64": 8, "float16": 2, "bfloat16": 2, "bool": 1}
    count = 1
    for one in value.shape:
        count *= int(one)
    return count * sizes.get(keras.backend.standardize_dtype(value.dtype), 4)
