"""The global random states that a `fit` draws from."""

import contextlib
import random
import sys

import numpy as np
from keras.src.backend.common import global_state

from keras_trainkit.backend.devices.device_copies import read_copies
from keras_trainkit.backend.devices.device_copies import write_copies

# keras/src/random/seed_generator.py
_KERAS = "global_seed_generator"
# What `keras.utils.set_random_seed` was given: keras/src/utils/rng_utils.py
_SEED = "global_random_seed"


class RandomState:
    """A snapshot of Python's, NumPy's, Keras's and the backends' states.

    TensorFlow's and torch's are included wherever the library is loaded: data
    pipelines of the one feed models of the other.

    Args:
        generators: Iterable of `torch.Generator`s to include. Defaults to
            none.
    """

    def __init__(self, generators=()):
        self._python = random.getstate()
        self._numpy = np.random.get_state()
        self._given = global_state.get_global_attribute(_SEED)
        self._generator = global_state.get_global_attribute(_KERAS)
        if self._generator is not None:
            self._seed = read_copies(self._generator.state)
        self._tensorflow = _tensorflow_state()
        self._torch = _torch_state()
        self._generators = [(one, one.get_state()) for one in generators]

    def restore(self):
        """Puts every state back."""
        random.setstate(self._python)
        np.random.set_state(self._numpy)
        global_state.set_global_attribute(_SEED, self._given)
        global_state.set_global_attribute(_KERAS, self._generator)
        if self._generator is not None:
            write_copies(self._generator.state, self._seed)
        if self._tensorflow is not None:
            _restore_tensorflow(*self._tensorflow)
        if self._torch is not None:
            _restore_torch(*self._torch)
        for generator, state in self._generators:
            generator.set_state(state)


class TorchDraws:
    """A snapshot of torch's global states alone, to be taken at every step.

    A `Dropout` without a seed draws from them on the torch backend
    (keras/src/backend/torch/random.py). Without torch it is empty.
    """

    def __init__(self):
        self._state = _torch_state()

    def restore(self):
        """Puts the states back."""
        if self._state is not None:
            _restore_torch(*self._state)


@contextlib.contextmanager
def global_generator(generator):
    """Lends Keras a global seed generator; each thread has its own."""
    before = global_state.get_global_attribute(_KERAS)
    global_state.set_global_attribute(_KERAS, generator)
    try:
        yield
    finally:
        global_state.set_global_attribute(_KERAS, before)


def _tensorflow_state():
    if sys.modules.get("tensorflow") is None:
        return None
    # tensorflow/python/eager/context.py: seeds of ops come from both.
    context = _tensorflow_context()
    draws = getattr(context, "_rng", None)
    return draws and (context._seed, draws.getstate())


def _restore_tensorflow(seed, state):
    context = _tensorflow_context()
    context._seed = seed
    context._rng.setstate(state)
    # A kernel of a random op keeps its own counter: the next op with the same
    # seed would go on with it.
    context.clear_kernel_cache()


def _tensorflow_context():
    from tensorflow.python.eager import context

    return context.context()


def _torch_state():
    torch = sys.modules.get("torch")
    if torch is None:
        return None
    gpus = torch.cuda.is_available() and torch.cuda.is_initialized()
    return (
        torch.random.get_rng_state(),
        torch.cuda.get_rng_state_all() if gpus else None,
    )


def _restore_torch(cpu, gpus):
    torch = sys.modules["torch"]
    torch.random.set_rng_state(cpu)
    if gpus is not None:
        torch.cuda.set_rng_state_all(gpus)
