"""Looking at what layers are given while a model runs, compiled or not."""

import contextlib
import sys

import keras

from keras_trainkit.backend.model.graph_nodes import mask_of
from keras_trainkit.backend.model.lent_methods import lent_methods


@contextlib.contextmanager
def observed_inputs(layers, see):
    """Shows what each call of some layers is given, in this thread.

    In a compiled function the values are those of its trace, and what is
    computed of them can be returned by it.

    Args:
        layers: List of layers with one input.
        see: Callable `(layer, inputs, mask)`. It is called before the layer.

    Raises:
        ValueError: Out of the call, where a layer is called within a loop or
            map that somebody traces inside of the function: what it is given
            there cannot be returned.
    """
    outer = _place()

    def observed(layer):
        def call(method, *args, **kwargs):
            inputs = args[0] if args else kwargs["inputs"]
            if _place(inputs) not in (None, outer):
                raise ValueError(
                    f"Expected the layer {layer.name!r} to be called by the "
                    "model itself. Received: a call inside a loop or map that "
                    "is compiled (a scan, a cell of an RNN), where its inputs "
                    "cannot be measured. Take it out of the loop, or freeze "
                    "it."
                )
            mask = args[2] if len(args) > 2 else kwargs.get("mask")
            see(layer, inputs, mask if mask is not None else mask_of(inputs))
            return method(*args, **kwargs)

        return call

    with lent_methods([(one, "call", observed(one)) for one in layers]):
        yield


def _place(tensor=None):
    """Returns the trace that is going on, or that a tensor belongs to.

    `None` where nothing is traced.
    """
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        eager = tf.executing_eagerly()
        return None if eager else tf.compat.v1.get_default_graph()
    if backend == "jax":
        # `_trace`: jax/_src/core.py
        made = keras.ops.zeros(()) if tensor is None else tensor
        return getattr(made, "_trace", None)
    torch = sys.modules["torch"]
    if tensor is None or not torch.is_tensor(tensor):
        return None
    mapped = torch._C._functorch.is_functorch_wrapped_tensor(tensor)
    return "mapped" if mapped else None
