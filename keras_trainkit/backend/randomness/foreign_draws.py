"""Draws from the backend's own generators, past `keras.random`."""

import re

import keras

_RANDOM = re.compile("Random|Rng|Normal|Uniform|Multinomial|Gamma|Poisson")


class ForeignDraws:
    """Tells whether anything was drawn so since this was made.

    On TensorFlow that is seen in a graph that is traced, not in eager code.
    JAX has no generators of its own.
    """

    def __init__(self):
        self._backend = keras.backend.backend()
        if self._backend == "torch":
            self._before = _torch_states()
        if self._backend == "tensorflow":
            self._before = len(traced_operations())

    def seen(self):
        """Whether there was a draw."""
        if self._backend == "torch":
            pairs = zip(self._before, _torch_states(), strict=False)
            return not all(one.equal(other) for one, other in pairs)
        if self._backend == "tensorflow":
            new = traced_operations()[self._before :]
            return any(map(_is_random, new))
        return False


def _torch_states():
    import torch

    gpus = torch.cuda.is_available() and torch.cuda.is_initialized()
    states = torch.cuda.get_rng_state_all() if gpus else []
    return [torch.random.get_rng_state(), *states]


def traced_operations():
    """Returns the operations of the graph that TensorFlow traces, if any."""
    if keras.backend.backend() != "tensorflow":
        return []
    import tensorflow as tf

    if tf.executing_eagerly():
        return []
    return tf.compat.v1.get_default_graph().get_operations()


def _is_random(operation):
    # Those of `keras.random` are stateless.
    return operation.op_def.is_stateful and bool(_RANDOM.search(operation.type))
