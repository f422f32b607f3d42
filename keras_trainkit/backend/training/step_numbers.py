"""Numbers that a compiled train step reads as data, not as constants."""

import contextlib

import keras
import numpy as np
from keras.src.trainers.data_adapters import data_adapter_utils

from keras_trainkit.backend.devices.distribution import variable_scope

# Since Keras 3.16 JAX's `fit` stacks the batches of several steps, or lists
# those that cannot be stacked (keras/src/backend/jax/trainer.py).
_LISTED = getattr(data_adapter_utils, "PartialBatchList", None)


class StepNumbers:
    """Integers and floats that may change without another trace.

    On TensorFlow the step captures two variables of ours. JAX's `fit` hands a
    step its own state and nothing else, but takes the data from an iterator
    (keras/src/backend/jax/trainer.py): there the numbers come beside the data
    of each batch, and are taken out before the model's `train_step` sees it.

    Args:
        model: The compiled `keras.Model` whose step it is.
        count: How many numbers of each kind.
    """

    def __init__(self, model, count):
        self._beside = keras.backend.backend() == "jax"
        if self._beside and keras.config.is_nnx_enabled():
            # keras/src/backend/jax/trainer.py: it asks the class for the step.
            raise ValueError(
                "Expected Keras on JAX without NNX where a callback schedules "
                "hyperparameters. Received: keras.config.is_nnx_enabled() is "
                "True, so the train step of a model cannot be given numbers. "
                "Give `compile` a LearningRateSchedule instead."
            )
        self._stacked = _LISTED is not None and model.steps_per_execution > 1
        self._written = ((0,) * count, (0.0,) * count)
        self._dtypes = ("int32", _widest_float())
        self._arrays = self._variables = self._in_step = None
        if keras.backend.backend() == "tensorflow" and count:
            with variable_scope(model):
                self._variables = tuple(
                    keras.Variable(numbers, dtype=dtype, trainable=False)
                    for numbers, dtype in zip(
                        self._written, ("int64", "float64"), strict=True
                    )
                )
        self._convert()

    def write(self, integers, floats):
        """Sets the numbers for the steps to come.

        Args:
            integers: As many integers as there are.
            floats: As many floats.
        """
        written = (tuple(integers), tuple(floats))
        if written == self._written:
            return
        self._written = written
        self._convert()
        if self._variables is not None:
            for variable, values in zip(
                self._variables, self._arrays, strict=True
            ):
                variable.assign(values)

    def read(self):
        """Returns both as tensors of the step that is being traced."""
        if self._beside:
            return self._in_step
        return tuple(variable.value for variable in self._variables)

    def put_beside(self, args):
        """Returns a train function's arguments, the numbers among them."""
        if not self._beside:
            return args
        *state, iterator = args
        return (*state, _Numbered(iterator, self._arrays, self._stacked))

    @contextlib.contextmanager
    def taken_out(self, args):
        """Yields a `train_step`'s arguments as the model expects them."""
        if not self._beside:
            yield args
            return
        *state, (data, self._in_step) = args
        try:
            yield (*state, data)
        finally:
            self._in_step = None

    def _convert(self):
        # Always of these dtypes: another one is another trace on JAX.
        self._arrays = tuple(map(np.array, self._written, self._dtypes))


class _Numbered:
    def __init__(self, iterator, numbers, stacked):
        self._iterator = iterator
        self._numbers = numbers
        self._stacked = stacked

    def __iter__(self):
        return self

    def __next__(self):
        data = next(self._iterator)
        if not self._stacked:
            return data, self._numbers
        if isinstance(data, _LISTED):
            return _LISTED((one, self._numbers) for one in data)
        steps = keras.tree.flatten(data)[0].shape[0]
        return data, tuple(np.stack([one] * steps) for one in self._numbers)


def _widest_float():
    """Returns the dtype that JAX need not convert at every step."""
    if keras.backend.backend() != "jax":
        return "float64"
    import jax

    return jax.dtypes.canonicalize_dtype("float64")
