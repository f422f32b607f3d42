"""What Keras has learnt since the lowest version that is supported."""

import inspect

import keras
import pytest


def _version(text):
    return tuple(int(part) for part in text.split(".")[:2])


HERE = _version(keras.__version__)

# Keras 3.14: attention with a gate.
ATTENTION = inspect.signature(keras.layers.MultiHeadAttention.__init__)
GATED = {"use_gate": True} if "use_gate" in ATTENTION.parameters else {}


def _refuses(make):
    """Whether this Keras ends such a call with a ValueError."""
    try:
        make()
    except ValueError:
        return True
    return False


def _pool_of_one_row():
    keras.layers.MaxPooling2D(2)(keras.Input((1, 8, 4)))


def _output_as_input():
    inputs = keras.Input((1,))
    keras.Model(inputs, inputs)


needs_multi_optimizer = pytest.mark.skipif(
    not hasattr(keras.optimizers, "MultiOptimizer"),
    reason="this Keras has no MultiOptimizer",
)
needs_dropout_at_rate_1 = pytest.mark.skipif(
    _version("3.14") > HERE,
    reason="this Keras's own Dropout fails at rate 1",
)
needs_layers_beside_a_graph = pytest.mark.skipif(
    _version("3.14") > HERE,
    reason="this Keras does not track a layer beside a graph",
)
needs_refused_pools = pytest.mark.skipif(
    not _refuses(_pool_of_one_row),
    reason="this Keras pools one row to none",
)
needs_outputs_as_inputs = pytest.mark.skipif(
    _refuses(_output_as_input),
    reason="this Keras makes no model whose only output is its input",
)
