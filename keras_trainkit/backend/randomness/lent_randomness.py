"""Random numbers lent to all that draws through Keras, in one thread."""

import contextlib
import functools

import keras

from keras_trainkit.backend.randomness.random_masks import Seeds
from keras_trainkit.backend.randomness.random_state import global_generator
from keras_trainkit.kernels.dropout import used_rate

# keras/src/random/seed_generator.py
_STATE = "seed_generator_state"


@contextlib.contextmanager
def drawing_from(draws):
    """Lets everything that Keras draws inside come from `draws`.

    Seed generators are lent by the values of their states, so it does not
    matter who holds one: a layer, a model, a list, a module. None advances.
    `keras.random` without a seed draws from `draws`, too; where JAX compiles,
    Keras refuses it. Other threads draw as before.

    Args:
        draws: A `Draws`; its `count` tells whether anything was drawn.
    """
    with (
        global_generator(Seeds(draws)),
        _RandomStates(draws),
        _torch_dropout(draws),
    ):
        yield


class _RandomStates(keras.StatelessScope):
    """Each reading of a seed generator's state is a new draw."""

    def __init__(self, draws):
        super().__init__()
        self._draws = draws

    def get_current_value(self, variable):
        if is_random_state(variable):
            return self._draws.seed()
        value = super().get_current_value(variable)
        if value is None and self.original_scope is not None:
            return self.original_scope.get_current_value(variable)
        return value

    def add_update(self, update):
        if not is_random_state(update[0]):
            super().add_update(update)


def is_random_state(variable):
    """Whether `variable` is the state of a seed generator."""
    return variable.name == _STATE


def _torch_dropout(draws):
    if keras.backend.backend() != "torch":
        return contextlib.nullcontext()
    return _torch_mode()(draws)


@functools.cache
def _torch_mode():
    import torch

    class Dropping(torch.overrides.TorchFunctionMode):
        """Draws the masks that Keras leaves to torch's global generator.

        Those without a seed: `dropout` in keras/src/backend/torch/random.py.
        """

        def __init__(self, draws):
            super().__init__()
            self._draws = draws

        def __torch_function__(self, function, types, args=(), kwargs=None):
            kwargs = kwargs or {}
            if function is torch.nn.functional.dropout and kwargs["training"]:
                return self._drop(*args, kwargs["p"])
            return function(*args, **kwargs)

        def _drop(self, inputs, rate):
            if not 0 < rate < 1:
                return inputs * (1 - rate)
            scale = 1 / (1 - used_rate(rate))
            return self._draws.drop(inputs, rate, tuple(inputs.shape), scale)

    return Dropping
