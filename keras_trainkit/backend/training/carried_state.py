"""Variables of ours that a compiled train step reads and writes.

On TensorFlow and torch a step may use any variable. JAX's step changes only
what it is given and returns (keras/src/backend/jax/trainer.py): there the
variables count as the optimizer's, for as long as a step is made, traced or
run. So whatever hands an optimizer's variables on takes them along, branches
of loss scaling and steps of a user's own included; a checkpoint between two
steps sees nothing of them.
"""

import contextlib

import keras

from keras_trainkit.backend.devices.distribution import variable_scope
from keras_trainkit.backend.optimizer.anatomy import innermost


def make_variable(model, shape, name, dtype="float32"):
    """Returns a variable of zeros that belongs to no layer.

    Args:
        model: The `keras.Model` whose step uses it.
        shape: Tuple of integers.
        name: String.
        dtype: String. Defaults to `"float32"`.
    """
    with variable_scope(model):
        return keras.Variable(
            keras.ops.zeros(shape, dtype),
            dtype=dtype,
            trainable=False,
            name=name,
        )


def read_number(variable):
    """Returns a variable's value as a NumPy array, also between two steps."""
    return keras.ops.convert_to_numpy(variable.value)


class CarriedState:
    """Brings variables into the steps of a model.

    Args:
        model: A compiled `keras.Model` with an optimizer that is built.
        variables: List of `keras.Variable`s.
    """

    def __init__(self, model, variables):
        self._model = model
        self.variables = list(variables)
        self._beside = keras.backend.backend() == "jax"
        if self._beside and keras.config.is_nnx_enabled():
            # keras/src/backend/jax/trainer.py: it asks the class for the step.
            raise ValueError(
                "Expected Keras on JAX without NNX where a callback measures "
                "inside the compiled step. Received: "
                "keras.config.is_nnx_enabled() is True, so the train step of "
                "a model cannot be given more than Keras gives it."
            )

    @contextlib.contextmanager
    def visible(self):
        """Within the block the variables are among the optimizer's.

        `_variables`: keras/src/optimizers/base_optimizer.py
        """
        if not self._beside:
            yield
            return
        held = innermost(self._model.optimizer)._variables
        before = len(held)
        # Past Keras's own list, which would track them for good.
        list.extend(held, self.variables)
        try:
            yield
        finally:
            list.__delitem__(held, slice(before, None))

    def arrived(self, args):
        """Whether the arguments of a train step hold the variables."""
        if not self._beside:
            return True
        with self.visible():
            return len(args[0][2]) == len(self._model.optimizer.variables)

    def call(self, function, args):
        """Calls a train function with the variables beside its own state."""
        if not self._beside:
            return function(*args)
        (trained, others, slots, metrics), *rest = args
        # `_value`: keras/src/backend/common/variables.py
        carried = [variable._value for variable in self.variables]
        slots = [*slots, *carried]
        logs, state = function((trained, others, slots, metrics), *rest)
        trained, others, slots, metrics = state
        count = len(slots) - len(carried)
        for variable, value in zip(self.variables, slots[count:], strict=True):
            variable._value = value
        return logs, (trained, others, slots[:count], metrics)
