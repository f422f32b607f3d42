"""The layers that a model holds, and what Keras keeps to itself of them."""

import contextlib
import inspect
import sys
import threading

import keras
from keras.src.backend.common import global_state

from keras_trainkit.kernels.argument_checks import bad_type

_BUILDING = threading.Lock()
_STATELESS_CALL = inspect.unwrap(keras.Layer.stateless_call).__code__


def all_layers(layer):
    """Returns `layer` and all that it holds, each once, in no set order."""
    # Layer._flatten_layers, keras/src/layers/layer.py
    return list({id(one): one for one in layer._flatten_layers()}.values())


def outermost_call():
    """Returns the layer or model whose call this thread is in, or `None`.

    Where layers call each other, the first of them.
    """
    # `Layer.stateless_call`, of which JAX's steps are made, does not go through
    # `__call__`, which would note it.
    caller = _stateless_caller()
    if caller is not None:
        return caller
    # Layer._get_call_context, keras/src/layers/layer.py
    context = global_state.get_global_attribute("current_call_ctx")
    return None if context is None else context.entry_layer


def _stateless_caller():
    found, frame = None, sys._getframe(2)
    while frame is not None:
        if frame.f_code is _STATELESS_CALL:
            found = frame.f_locals["self"]
        frame = frame.f_back
    return found


def is_built(model):
    """Whether `model` and all that it holds has its variables.

    Raises:
        TypeError: If it is no model.
    """
    if not isinstance(model, keras.Layer):
        raise bad_type("model", model, "a `keras.Model`")
    # keras/src/backend/jax/trainer.py
    return all(layer.built for layer in model._flatten_layers())


def build_on(model, x):
    """Builds what of `model` is not built yet by a call on `x`.

    No variable that exists is changed, and no seed advances. Threads that
    build the same model do so one after the other, so only one does.
    """
    with _BUILDING, keras.StatelessScope():
        if not is_built(model):
            model(x, training=False)


def hand_over(model, copy):
    """Gives the layers of `copy` the state of those that `model` has built.

    Args:
        model: A `keras.Model`, built in parts or not at all.
        copy: A model of the same configuration that is built.

    Returns:
        A dict `{id(variable): (variable, that of copy)}` of what was built.
    """
    pairs = {}
    twins = {twin.name: twin for twin in copy.layers}
    for layer in model.layers:
        # A subclassed model may make layers, and names, while it is built.
        twin = twins.get(layer.name)
        if twin is None:
            continue
        if isinstance(layer, keras.Model):
            pairs |= hand_over(layer, twin)
        elif is_built(layer):
            _hand_over_layer(layer, twin)
            both = zip(layer.variables, twin.variables, strict=True)
            pairs |= {id(one): (one, other) for one, other in both}
    return pairs


def _hand_over_layer(layer, twin):
    for one, other in zip(all_layers(layer), all_layers(twin), strict=True):
        store = {}
        one.save_own_variables(store)
        # Not `assign`: what was adapted computes more from its variables,
        # keras/src/layers/preprocessing/normalization.py
        if store:
            other.load_own_variables(store)


@contextlib.contextmanager
def calls_forgotten(model):
    """Calls of layers inside leave no mark that they have been called.

    `_called`: keras/src/layers/layer.py, where it forbids later changes.
    """
    never = [one for one in all_layers(model) if not one._called]
    try:
        yield
    finally:
        for layer in never:
            layer._called = False


def owns_seeds(layer):
    """Whether `layer` itself holds a seed generator, in a list or not."""
    # keras/src/layers/layer.py
    return bool(layer._seed_generators)


def takes_training(layer):
    """Whether `call` of `layer` has an argument `training`."""
    # keras/src/layers/layer.py
    return layer._call_has_training_arg
