"""Which rule a step of a graph follows."""

import keras

from keras_trainkit.backend.model.keras_kinds import is_keras_operation
from keras_trainkit.backend.model.training_flags import training_of
from keras_trainkit.compression.shrinking.channelwise import DEPTHWISE
from keras_trainkit.compression.shrinking.channelwise import Depthwise
from keras_trainkit.compression.shrinking.channelwise import Normalizing
from keras_trainkit.compression.shrinking.channelwise import Sloped
from keras_trainkit.compression.shrinking.elementwise import is_elementwise
from keras_trainkit.compression.shrinking.elementwise import (
    is_elementwise_function,
)
from keras_trainkit.compression.shrinking.linear import LINEAR
from keras_trainkit.compression.shrinking.linear import Linear
from keras_trainkit.compression.shrinking.linear import channels_axis
from keras_trainkit.compression.shrinking.merging import MERGING
from keras_trainkit.compression.shrinking.merging import MERGING_OPERATIONS
from keras_trainkit.compression.shrinking.merging import Entry
from keras_trainkit.compression.shrinking.merging import Exit
from keras_trainkit.compression.shrinking.merging import merging
from keras_trainkit.compression.shrinking.reshaping import reshaping
from keras_trainkit.compression.shrinking.rule import Fixed
from keras_trainkit.compression.shrinking.rule import Passing
from keras_trainkit.compression.shrinking.rule import run_on_constants
from keras_trainkit.models.kinds import kind_of

_LAYERS = keras.layers
_WHY = {
    "attention": "attention mixes its units",
    "dropout": "it draws at inference, too, or has a `noise_shape`",
    "embedding": "its units are rows of a table",
    "normalization": "it normalises its units together",
    "recurrent": "its units are tied by its state",
}


def rule_of(step, inputs, tracing):
    """Returns the `Rule` of a step.

    Args:
        step: The `Step` of the graph.
        inputs: List of `Units`, or `None` for tensors whose units cannot go.
        tracing: The `Tracing`.
    """
    if step.operation is None:
        return _around(step, inputs, tracing)
    layer, kind = step.operation, type(step.operation)
    if kind in LINEAR and _fits(step, inputs):
        if is_plain(layer):
            return Linear(step, inputs, tracing)
    elif len(inputs) > 1 and (kind in MERGING or _merges(layer)):
        rule = merging(step, inputs, tracing)
        if rule is not None:
            return rule
    elif len(inputs) == 1 and inputs[0] is not None:
        rule = _one_to_one(step, inputs, tracing)
        if rule is not None:
            return rule
    # Another call of the same layer cannot lose units, either.
    tracing.tie_calls(id(layer), None, layer.name)
    tracing.left.add(id(layer))
    reason = f"read by {layer.name!r}, which is left: {why_left(layer)}"
    return Fixed(step, inputs, tracing, reason)


def is_plain(layer):
    """Whether a layer computes with the kernel that it shows."""
    return (
        not getattr(layer, "lora_rank", None)
        and getattr(layer, "quantization_mode", None) is None
    )


def why_left(layer):
    """Returns why a layer is left as it is, in words."""
    if not is_plain(layer):
        return "it is quantised, or uses LoRA"
    kind = type(layer)
    if isinstance(layer, keras.layers.Wrapper):
        return "what a wrapper holds is not opened"
    if kind in LINEAR or kind is _LAYERS.BatchNormalization:
        return "it reads along another axis, or is called for training"
    return _WHY.get(kind_of(layer), f"{kind.__name__} may mix its units")


def _around(step, inputs, tracing):
    if step.for_masks:
        return Exit(step, inputs, tracing)
    if len(inputs) == 1 == len(step.outputs) and inputs[0] is not None:
        shape = tuple(step.specs[0].shape)
        axis = inputs[0].axis
        if axis < len(shape) and shape[axis] == inputs[0].count:
            return Entry(step, inputs, tracing)
    if len(inputs) == 1 == len(step.outputs):
        spec = step.specs[0]
        tracing.tie_calls(id(spec), None, spec.name)
    reason = "read by a nested model with several inputs"
    return Fixed(step, inputs, tracing, reason)


def _fits(step, inputs):
    if len(inputs) != 1:
        return False
    rank = len(step.node.input_tensors[0].shape)
    axis = channels_axis(step.operation, rank)
    return inputs[0] is None or inputs[0].axis == axis


def _merges(operation):
    name = type(operation).__name__
    if isinstance(operation, keras.Layer):
        return type(operation) is _LAYERS.Concatenate
    known = is_keras_operation(operation)
    return known and (name in MERGING_OPERATIONS or name == "Concatenate")


def _one_to_one(step, inputs, tracing):
    layer, (units,) = step.operation, inputs
    kind, rank = type(layer), len(step.node.input_tensors[0].shape)
    if kind is _LAYERS.BatchNormalization:
        along = layer.axis % rank == units.axis
        if along and not training_of(step.node):
            return Normalizing(step, inputs, tracing)
        return None
    if kind is _LAYERS.PReLU:
        along = layer.alpha.shape[units.axis - 1] == units.count
        return Sloped(step, inputs, tracing) if along else None
    if kind in DEPTHWISE:
        along = channels_axis(layer, rank) == units.axis
        plain = is_plain(layer) and is_elementwise_function(layer.activation)
        return Depthwise(step, inputs, tracing) if along and plain else None
    if is_elementwise(step):
        constants = run_on_constants(step, inputs)
        return Passing(step, inputs, tracing, units.axis, constants=constants)
    return reshaping(step, inputs, tracing)
