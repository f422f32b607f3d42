"""Whether several samples of a batch may go through a layer at once.

They may where each row of the output depends on its own row of the input
alone: then the batch is repeated along its first axis. What is not known to
be like that gets one sample at a time.
"""

import keras
from keras.src.layers.regularization.spatial_dropout import BaseSpatialDropout

_OURS = ("keras_trainkit.layers.",)
_LAYERS = ("keras.src.layers.", *_OURS)
# Their rows may share statistics or tables, or they run any code.
_OTHERS = (
    "keras.src.layers.preprocessing.",
    "keras.src.layers.core.lambda_layer",
)
_FUNCTIONS = ("keras.src.", "keras_trainkit.")
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
        step: A `graph_steps.Step`.
    """
    if not step.specs or not all(map(_has_rows, step.specs)):
        return False
    if step.operation is None:
        return True
    if isinstance(step.operation, keras.Layer):
        return all(map(_layer_is_safe, step.operation._flatten_layers())) and (
            _spares_rows(step.operation, step.node)
        )
    ranks = {len(tensor.shape) for tensor in step.node.input_tensors}
    name = type(step.operation).__name__
    module = type(step.operation).__module__
    return (
        module.startswith("keras.src.ops.")
        and name in _ELEMENTWISE.split()
        and len(ranks) == 1
    )


def can_be_repeated(step, spec):
    """Whether an output of `step` is a dense tensor with any number of rows.

    Args:
        step: A `graph_steps.Step`.
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
    module = f"{type(layer).__module__}."
    if not module.startswith(_LAYERS) or module.startswith(_OTHERS):
        return False
    # A mask that is fixed, or shared, along the batch.
    noise_shape = getattr(layer, "noise_shape", None)
    if noise_shape and noise_shape[0] is not None:
        return isinstance(layer, BaseSpatialDropout)
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
        getattr(f, "__module__", type(f).__module__).startswith(_FUNCTIONS)
        for f in functions
        if f is not None
    )


def _spares_rows(layer, node):
    """Whether the layer's `axis`, if it has one, is not the batch's."""
    axes = getattr(layer, "axis", getattr(layer, "axes", None))
    if axes is None:
        return True
    ranks = {len(tensor.shape) for tensor in node.input_tensors}
    axes = axes if isinstance(axes, (list, tuple)) else [axes]
    return all(axis % rank != 0 for axis in axes for rank in ranks)
