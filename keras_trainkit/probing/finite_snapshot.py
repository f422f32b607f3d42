"""The last state of a training that was finite, on the host."""

import numpy as np

from keras_trainkit.backend.devices.device_copies import read_copies
from keras_trainkit.backend.devices.device_copies import write_copies
from keras_trainkit.backend.optimizer.anatomy import innermost
from keras_trainkit.backend.optimizer.anatomy import learning_rate_variable
from keras_trainkit.backend.optimizer.slots import counter


class FiniteSnapshot:
    """Weights, statistics and slots, as they were when all was finite.

    Counters and the learning rate are left out: schedules go on.

    Args:
        model: A compiled `keras.Model`, its optimizer built.
    """

    def __init__(self, model):
        self._model = model
        self._held = []

    def take(self):
        """Copies the state as it is now, if it is finite.

        The variables have to hold their values: on JAX, between two epochs or
        after `Callback.model`.

        Returns:
            The path of a variable that is not finite, or `None`.
        """
        taken = [(v, read_copies(v)) for v in self._variables()]
        for variable, values in taken:
            if not all(map(_finite, values)):
                return variable.path
        self._held = taken
        return None

    def put_back(self):
        """Puts the latest copy back; returns whether there was one."""
        known = {id(variable) for variable in self._variables()}
        for variable, values in self._held:
            # Another trainable set has other slots.
            if id(variable) in known:
                write_copies(variable, values)
        return bool(self._held)

    def forget(self):
        """Lets go of the copy."""
        self._held = []

    def _variables(self):
        optimizer = innermost(self._model.optimizer)
        left_out = {
            id(counter(optimizer)),
            id(learning_rate_variable(optimizer)),
        }
        held = [*self._model.variables, *optimizer.variables]
        return [v for v in held if id(v) not in left_out]


def _finite(values):
    if not np.issubdtype(values.dtype, np.integer):
        return bool(np.isfinite(values.astype("float32", copy=False)).all())
    return True
