"""Every operation that a forward pass calls, noted in a symbolic pass."""

import contextlib
import dataclasses
import threading

import keras
from keras.src.backend.common.global_state import get_global_attribute
from keras.src.ops.node import Node

from keras_trainkit.backend.model.lent_methods import lent_methods

_ONE_AT_A_TIME = threading.RLock()


@dataclasses.dataclass(eq=False)
class SymbolicCall:
    """One call of a layer or an operation of Keras.

    Attributes:
        operation: The layer, or the `keras.Operation`.
        inputs: List of symbolic tensors.
        outputs: List of symbolic tensors.
        training: The `training` that it was called with, by argument or from
            the layer around it, or `None`.
    """

    operation: object
    inputs: list
    outputs: list
    training: bool | None


def symbolic_calls(model, containers, args, kwargs):
    """Notes what the forward pass of a model calls, in order.

    Nothing is left behind: no node, no variable, no seed that advanced.

    Args:
        model: A built `keras.Model`.
        containers: Layers inside of it that are opened: what they call is
            noted in place of them. One whose `call` cannot run on symbolic
            tensors stays closed.
        args: Its arguments, symbolic tensors.
        kwargs: Its arguments by name.

    Returns:
        Tuple of the list of `SymbolicCall`s and the model's outputs, flat.
    """
    calls = []
    opened = [
        stand_in
        for layer in [model, *containers]
        for stand_in in (
            (layer, "symbolic_call", _opening(layer, calls)),
            # It refuses symbolic tensors.
            (layer, "add_loss", lambda add_loss, loss: None),
        )
    ]
    closed = {id(layer) for layer in [model, *containers]}
    with keras.StatelessScope(), lent_methods(opened), _noted(calls, closed):
        outputs = model(*args, **kwargs)
    return calls, keras.tree.flatten(outputs)


def _opening(layer, calls):
    def open_or_stay_closed(symbolic_call, *args, **kwargs):
        before = len(calls)
        try:
            return layer.call(*args, **kwargs)
        except Exception:
            # Code of the user's own that needs numbers: one closed call.
            del calls[before:]
        outputs = symbolic_call(*args, **kwargs)
        calls[before:] = [_call(layer, args, kwargs, outputs)]
        return outputs

    return open_or_stay_closed


def _call(operation, args, kwargs, outputs):
    tensors = keras.tree.flatten((args, kwargs))
    return SymbolicCall(
        operation,
        [one for one in tensors if isinstance(one, keras.KerasTensor)],
        keras.tree.flatten(outputs),
        _training(operation, kwargs),
    )


def _training(operation, kwargs):
    """Returns the flag of a call that has just ended, inside of its model's.

    Since Keras 3.16 a graph leaves it to its layers to find the flag
    (`_get_call_context`: keras/src/layers/layer.py).
    """
    flag = kwargs.get("training")
    if flag is None and isinstance(operation, keras.Layer):
        context = get_global_attribute("current_call_ctx")
        flag = getattr(context, "training", None)
    return flag


@contextlib.contextmanager
def _noted(calls, containers):
    """Notes each node in place of adding it to its operation.

    A node is made at the end of each symbolic call: `Layer.__call__`
    (keras/src/layers/layer.py), `Operation.symbolic_call`
    (keras/src/ops/operation.py).
    """
    thread, original = threading.get_ident(), Node.__init__

    def note(node, operation, call_args=None, call_kwargs=None, outputs=None):
        if threading.get_ident() != thread:
            original(node, operation, call_args, call_kwargs, outputs)
        elif id(operation) not in containers:
            call = _call(operation, call_args, call_kwargs or {}, outputs)
            calls.append(call)

    with _ONE_AT_A_TIME:
        Node.__init__ = note
        try:
            yield
        finally:
            Node.__init__ = original
