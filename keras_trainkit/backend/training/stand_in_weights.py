"""Other values of a model's variables, for each step of an evaluation only.

Keras calls no hook when an evaluation is left by an exception, and nobody can
notice every use of a model. So the other values are in place for the length of
one call of the test function, and no longer.
"""

import contextlib

import keras

from keras_trainkit.backend.devices.device_copies import copies


class StandInWeights:
    """Stands in for `model.test_function`, and evaluates with other values.

    Args:
        model: A compiled and built `keras.Model`.
        values: List of `(variable, arrays)`, as `read_copies` returns them.
        running: The `RunningFit` that it is for.
    """

    def __init__(self, model, values, running):
        self._model = model
        self._running = running
        self._variables = [variable for variable, _ in values]
        self._values = [
            _tensors(variable, arrays) for variable, arrays in values
        ]
        self._function = None

    def put_on(self):
        """Lets evaluations of the model use the other values."""
        self._function = self._model.test_function
        self._model.test_function = self

    def is_on(self):
        """Whether the model's evaluations still come here."""
        return self._model.test_function is self

    def take_off(self):
        """Lets them use the model's own."""
        if self.is_on():
            self._model.test_function = self._function

    def __call__(self, *args):
        """Makes one step of an evaluation."""
        if not self._running.encloses_caller() and not self._running.alive():
            self.take_off()
            return self._function(*args)
        if keras.backend.backend() == "jax":
            return self._with_state(*args)
        with self._swapped():
            return self._function(*args)

    def _with_state(self, state, iterator):
        # A compiled step frees what it is given and returns it anew
        # (`donate_argnums`, keras/src/backend/jax/trainer.py).
        state = [list(part) for part in state]
        places = self._places()
        own = [state[part][i] for part, i in places]
        for (part, i), values in zip(places, self._values, strict=True):
            state[part][i] = values[0]
        logs, state = self._function(tuple(state), iterator)
        state = [list(part) for part in state]
        self._values = [[state[part][i]] for part, i in places]
        for (part, i), value in zip(places, own, strict=True):
            state[part][i] = value
        return logs, tuple(state)

    def _places(self):
        # As `_get_jax_state` lists them, keras/src/backend/jax/trainer.py
        model = self._model
        found = {}
        for part, variables in enumerate(
            (model.trainable_variables, model.non_trainable_variables)
        ):
            found.update((id(v), (part, i)) for i, v in enumerate(variables))
        return [found[id(variable)] for variable in self._variables]

    @contextlib.contextmanager
    def _swapped(self):
        pairs = list(zip(self._variables, self._values, strict=True))
        own = [_put(variable, values) for variable, values in pairs]
        try:
            yield
        finally:
            for (variable, _), values in zip(pairs, own, strict=True):
                _put(variable, values)


def _tensors(variable, arrays):
    """Returns the arrays as tensors that lie where the variable's copies do."""
    if keras.backend.backend() == "jax":
        # The layout of a variable that is spread over devices comes with it.
        own = variable.value
        variable.assign(arrays[0])
        made = variable.value
        variable.assign(own)
        return [made]
    dtype = keras.backend.standardize_dtype(variable.dtype)
    tensors = [keras.ops.convert_to_tensor(a, dtype=dtype) for a in arrays]
    if keras.backend.backend() == "torch":
        return [t.to(variable.value.device).clone() for t in tensors]
    return tensors


def _put(variable, values):
    """Gives a variable other values; returns its own."""
    if keras.backend.backend() == "torch":
        # Only the storage is exchanged; nothing is copied.
        tensor = variable.value
        own = tensor.data
        tensor.data = values[0]
        return [own]
    import tensorflow as tf

    own = []
    for copy, value in zip(copies(variable), values, strict=True):
        own.append(tf.identity(copy))
        copy.assign(value)
    return own
