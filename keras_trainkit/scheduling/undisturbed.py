"""Using a model in the middle of its training without a trace."""

import contextlib

from keras_trainkit.backend.devices.device_copies import read_copies
from keras_trainkit.backend.devices.device_copies import write_copies
from keras_trainkit.backend.randomness.random_state import RandomState


@contextlib.contextmanager
def undisturbed(model):
    """Puts back what inference may change of a model and of random states.

    Layers that draw at inference advance their seed generators, stateful
    ones their states, and on torch a dropout without a seed draws from the
    global generator; data pipelines may draw from any.

    Args:
        model: A built `keras.Model` whose variables hold their values (on
            JAX: synchronised, as by `Callback.model`).
    """
    random = RandomState()
    kept = [(v, read_copies(v)) for v in model.non_trainable_variables]
    try:
        yield
    finally:
        for variable, values in kept:
            write_copies(variable, values)
        random.restore()
