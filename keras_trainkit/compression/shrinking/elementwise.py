"""Layers and functions that compute each element of its own."""

import keras

from keras_trainkit.backend.model.graph_nodes import arguments_of
from keras_trainkit.backend.model.keras_kinds import is_keras_function
from keras_trainkit.backend.model.keras_kinds import is_keras_operation
from keras_trainkit.backend.model.training_flags import training_of
from keras_trainkit.layers.rrelu import RReLU
from keras_trainkit.models.kinds import snake_case

_LAYERS = keras.layers
_FUNCTIONS = {
    "celu",
    "elu",
    "exponential",
    "gelu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "mish",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "squareplus",
    "tanh",
    "tanh_shrink",
    "threshold",
    "quick_gelu",
    "squared_relu",
    "swish",
}
_OPERATIONS = _FUNCTIONS | {
    "abs",
    "absolute",
    "add",
    "clip",
    "divide",
    "exp",
    "maximum",
    "minimum",
    "multiply",
    "negative",
    "square",
    "subtract",
    "true_divide",
}
_WITHOUT_WEIGHTS = {
    _LAYERS.ReLU,
    _LAYERS.LeakyReLU,
    _LAYERS.ELU,
    _LAYERS.Identity,
    _LAYERS.ActivityRegularization,
    RReLU,
}
# They pass on what comes in, unless they are called for training.
DROPPING = {
    _LAYERS.Dropout,
    _LAYERS.SpatialDropout1D,
    _LAYERS.SpatialDropout2D,
    _LAYERS.SpatialDropout3D,
    _LAYERS.AlphaDropout,
    _LAYERS.GaussianDropout,
    _LAYERS.GaussianNoise,
}


def is_elementwise_function(function):
    """Whether an `activation` computes each element of its own.

    Args:
        function: What a layer's `activation` holds: `None`, a function, or a
            layer. Functions of your own may mix units: they are none.
    """
    if function is None:
        return True
    if isinstance(function, keras.Layer):
        return type(function) in _WITHOUT_WEIGHTS
    name = getattr(function, "__name__", type(function).__name__)
    known = is_keras_function(function) or _is_ours(function)
    return known and snake_case(name) in _FUNCTIONS


def is_elementwise(step):
    """Whether a step with one input computes each element of its own."""
    operation = step.operation
    kind = type(operation)
    if kind is _LAYERS.Activation:
        return is_elementwise_function(operation.activation)
    if kind in DROPPING:
        noise_shape = getattr(operation, "noise_shape", None)
        return not training_of(step.node) and noise_shape is None
    if kind is _LAYERS.Rescaling:
        return isinstance(operation.scale, (int, float)) and isinstance(
            operation.offset, (int, float)
        )
    if kind in _WITHOUT_WEIGHTS or _is_our_activation(operation):
        return not training_of(step.node)
    return _is_arithmetic(step)


def _is_our_activation(operation):
    name = type(operation).__name__
    if not _is_ours(type(operation)):
        return False
    whole = getattr(operation, "shared", "layer") != "channel"
    return name == "SquaredReLU" or (name == "Swish" and whole)


def _is_arithmetic(step):
    operation = step.operation
    name = snake_case(type(operation).__name__)
    if not is_keras_operation(operation) or name not in _OPERATIONS:
        return False
    # An array beside the tensor has a size of its own.
    given = arguments_of(step.node)(list(step.specs[:1]))
    plain = (int, float, str, type(None), keras.KerasTensor)
    return all(isinstance(one, plain) for one in keras.tree.flatten(given))


def _is_ours(thing):
    module = getattr(thing, "__module__", None)
    return f"{module}.".startswith("keras_trainkit.")
