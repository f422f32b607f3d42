"""Using a model without a trace."""

import contextlib

from keras_trainkit.backend.devices.device_copies import read_copies
from keras_trainkit.backend.devices.device_copies import write_copies
from keras_trainkit.backend.model.torch_state import TorchState
from keras_trainkit.backend.model.untracked_state import layer_generators
from keras_trainkit.backend.model.untracked_state import untracked_variables
from keras_trainkit.backend.randomness.random_state import RandomState


@contextlib.contextmanager
def inference_undone(model):
    """Puts back what inference may change of a model and of random states.

    Layers that draw at inference advance their seed generators, stateful
    ones their states, and on torch a dropout without a seed draws from the
    global generator; data pipelines may draw from any.

    Args:
        model: A built `keras.Model` whose variables hold their values (on
            JAX: synchronised, as by `Callback.model`).
    """
    random = RandomState(layer_generators(model))
    torch = TorchState(model)
    changeable = {
        id(variable): variable
        for variable in (
            *model.non_trainable_variables,
            *model.metrics_variables,
            *untracked_variables(model),
        )
    }
    kept = [(v, read_copies(v)) for v in changeable.values()]
    try:
        yield
    finally:
        for variable, values in kept:
            write_copies(variable, values)
        torch.restore()
        random.restore()
