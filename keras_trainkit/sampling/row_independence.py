"""Whether several samples of a batch may go through a layer at once.

They may where each row of the output depends on its own row of the input
alone: then the batch is repeated along its first axis. What is not known to
be like that gets one sample at a time.
"""

import keras

from keras_trainkit.backend.model.keras_kinds import is_keras_function
from keras_trainkit.backend.model.keras_kinds import is_keras_layer
from keras_trainkit.backend.model.keras_kinds import is_keras_operation
from keras_trainkit.backend.model.keras_kinds import is_preprocessing
from keras_trainkit.models.graph import Steps
from keras_trainkit.models.graph import graph_of

_OURS = ("keras_trainkit.",)
_OUR_LAYERS = ("keras_trainkit.layers.",)
_SPATIAL = (
    keras.layers.SpatialDropout1D,
    keras.layers.SpatialDropout2D,
    keras.layers.SpatialDropout3D,
)
# keras/src/ops: core.py, nn.py, numpy.py
_ELEMENTWISE = (
    "Abs Absolute Add Cast Clip Divide Elu Exp Expm1 Gelu HardSigmoid "
    "HardSilu LeakyRelu Log Log1p Maximum Minimum Multiply Negative Power "
    "Relu Relu6 Rsqrt Selu Sigmoid Silu Softplus Softsign Sqrt Square "
    "Subtract Tanh TrueDivide"
)


def rows_are_independent(step):
    """Whether the rows of what `step` makes depend on their own inputs only.

    Args:
        step: A `models.graph.Step`.
    """
    if not step.specs or not all(map(_has_rows, step.specs)):
        return False
    if step.operation is None:
        return True
    ranks = {len(tensor.shape) for tensor in step.node.input_tensors}
    if step.layers:
        inner = [one for one in step.layers if one is not step.operation]
        return (
            all(map(_layer_is_safe, step.layers))
            and _masks_have_rows(step.operation, ranks)
            # What reaches a layer inside of another may have other axes.
            and all(_masks_have_rows(one, ()) for one in inner)
            and all(map(_spares_first_axes, inner))
            and _spares_rows(step.operation, ranks)
        )
    return (
        is_keras_operation(step.operation)
        and type(step.operation).__name__ in _ELEMENTWISE.split()
        and len(ranks) == 1
    )


def can_be_repeated(step, spec):
    """Whether an output of `step` is a dense tensor with any number of rows.

    Args:
        step: A `models.graph.Step`.
        spec: The symbolic tensor of one of its outputs.
    """
    dense = not (
        getattr(spec, "sparse", False) or getattr(spec, "ragged", False)
    )
    # An operation with a number claims to be sparse (Multiply in
    # keras/src/ops/numpy.py); it is only if a layer or an input was before.
    arithmetic = not isinstance(step.operation, (keras.Layer, type(None)))
    return _has_rows(spec) and (dense or arithmetic)


def _has_rows(spec):
    return len(spec.shape) > 0 and spec.shape[0] is None


def _layer_is_safe(layer):
    if graph_of(layer) is not None:
        return all(map(rows_are_independent, Steps(layer).steps))
    if not (is_keras_layer(layer) or _is_of(type(layer), _OUR_LAYERS)):
        return False
    # Their rows may share statistics or tables, or they run any code.
    if is_preprocessing(layer) or isinstance(layer, keras.layers.Lambda):
        return False
    if getattr(layer, "stateful", False):
        return False
    equation = getattr(layer, "equation", None)
    if equation and equation[0] != equation.split("->")[1][0]:
        return False
    functions = [
        getattr(layer, name, None)
        for name in ("activation", "recurrent_activation")
    ]
    return all(
        is_keras_function(one) or _is_of(one, _OURS)
        for one in functions
        if one is not None
    )


def _is_of(thing, packages):
    module = getattr(thing, "__module__", None)
    return f"{module}.".startswith(packages)


def _masks_have_rows(layer, ranks):
    """Whether each row of inputs of these `ranks` has a mask of its own.

    A mask is aligned with the last axes of the inputs, so one of a lower rank
    is shared along the batch, whatever its first entry.
    """
    noise_shape = getattr(layer, "noise_shape", None)
    if noise_shape is None or isinstance(layer, _SPATIAL):
        return True
    return bool(ranks) and all(
        len(noise_shape) == rank and noise_shape[0] is None for rank in ranks
    )


def _spares_rows(layer, ranks):
    """Whether the layer's `axis`, if it has one, is not the batch's."""
    return all(axis % rank != 0 for axis in _axes(layer) for rank in ranks)


def _spares_first_axes(layer):
    """As `_spares_rows`, of inputs with any number of axes above one."""
    return all(axis > 0 or axis == -1 for axis in _axes(layer))


def _axes(layer):
    axes = getattr(layer, "axis", getattr(layer, "axes", None))
    if axes is None:
        return []
    return list(axes) if isinstance(axes, (list, tuple)) else [axes]
