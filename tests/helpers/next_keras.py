"""The installed Keras made to treat `training` as its next release does.

Seen in the development sources of 3.16 (October 2026), which took it from
keras-team/keras#23364: a layer called with `training=...` while a functional
model is made keeps that flag, where up to 3.15 the flag of the model's own call
replaces it. What such a layer calls inside gets its flag.

There, the flag is also handed on to all layers that run afterwards: nothing
gives the context of the call its old flag back. That may change before the
release, so both are made here, and tests run under both.
"""

import contextlib
import functools
import threading

import keras
from keras.src.backend.common import global_state
from keras.src.layers import layer as layers
from keras.src.models import functional

from keras_trainkit.backend.model import training_flags

# A Keras that does so by itself needs no help: `nox -s next`.
INSTALLED_KEEPS_FLAGS = training_flags.graphs_keep_flags()


@contextlib.contextmanager
def next_keras(handed_on=True):
    """Inside, flags in graphs count; models made inside only.

    Args:
        handed_on: Whether a flag also reaches what runs afterwards. Defaults
            to `True`, as in the development sources. A Keras that keeps flags
            by itself stays as it is.
    """
    if INSTALLED_KEEPS_FLAGS:
        yield
        return
    originals = [
        (functional, "operation_fn", lambda operation, **context: operation),
        (layers, "Node", _node(layers.Node)),
        (keras.Layer, "__call__", _call(keras.Layer.__call__, handed_on)),
        (keras.Layer, "stateless_call", _stateless(keras.Layer.stateless_call)),
        (keras.Layer, "_resolve_and_populate_arg", _resolve),
    ]
    with contextlib.ExitStack() as stack:
        for owner, name, stand_in in originals:
            stack.callback(setattr, owner, name, getattr(owner, name))
            setattr(owner, name, stand_in)
        training_flags.graphs_keep_flags.cache_clear()
        stack.callback(training_flags.graphs_keep_flags.cache_clear)
        yield


_given = threading.local()


def _call(original, handed_on):
    """Notes the arguments as they were given, for the node of the graph."""

    @functools.wraps(original)
    def call(self, *args, **kwargs):
        notes = vars(_given).setdefault("kwargs", [])
        notes.append(dict(kwargs))
        context = global_state.get_global_attribute("current_call_ctx")
        before = context and context.get_value("training")
        try:
            return original(self, *args, **kwargs)
        finally:
            notes.pop()
            if context is not None and not handed_on:
                context.set_value("training", before)

    return call


def _node(original):
    """Records what was given; 3.15 adds the default of `training` to it."""

    def node(operation, call_args, call_kwargs, outputs):
        return original(operation, call_args, _given.kwargs[-1], outputs)

    return node


def _stateless(original):
    """Has a context, as `__call__` has: JAX's trainer calls nothing else."""

    @functools.wraps(original)
    def stateless_call(self, *args, **kwargs):
        context = self._get_call_context()
        if kwargs.get("training") is not None:
            context.set_value("training", kwargs["training"])
        try:
            return original(self, *args, **kwargs)
        finally:
            self._maybe_reset_call_context()

    return stateless_call


def _resolve(self, name, call_spec, context, kwargs):
    """`Layer._resolve_and_populate_arg`: a default is no one else's."""
    if name in call_spec.user_arguments_dict:
        value = call_spec.user_arguments_dict[name]
        context.set_value(name, value)
    else:
        value = context.get_value(name)
    if self._call_has_context_arg.get(name, False) and value is not None:
        kwargs[name] = value
