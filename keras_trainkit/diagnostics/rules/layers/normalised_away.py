"""Rules about normalisation of what should keep its size."""

import math

import keras

from keras_trainkit.diagnostics.facts.heads import REGRESSION
from keras_trainkit.diagnostics.facts.heads import heads
from keras_trainkit.diagnostics.finding import Repair
from keras_trainkit.diagnostics.rules.examples import program
from keras_trainkit.diagnostics.rules.registry import found
from keras_trainkit.diagnostics.rules.registry import rule

_HIDDEN = 'Dense(8, activation="relu")'


@rule(
    "N106",
    name="normalisation over a single value",
    topic="normalization",
    severity="error",
    confidence=0.9,
    needs=("graph",),
    bad=program(
        "LayerNormalization()", _HIDDEN, "Dense(1)", inputs="(1,)", loss="mse"
    ),
    good=program(
        "Normalization(mean=2.0, variance=4.0)",
        _HIDDEN,
        "Dense(1)",
        inputs="(1,)",
        loss="mse",
    ),
    reference="https://arxiv.org/abs/1607.06450",
)
def over_one_value(subject):
    """A mean over one value is that value, and nothing is left.

    LayerNormalization over an axis of size 1, or GroupNormalization with as
    many groups as there are channels in a layer without places, return the
    same for every row. `keras.layers.Normalization`, adapted to the data,
    scales a single column.
    """
    for node in subject.network.nodes:
        values = _normalised_over(node)
        if values == 1:
            yield found(
                node.path,
                f"{type(node.layer).__name__} of a tensor of shape "
                f"{node.shape} takes mean and size over 1 value: every row "
                "comes out the same.",
                "keras.layers.Normalization(), adapted to the data; or "
                "keras.layers.BatchNormalization().",
                [Repair("remove_layer", None, node.path)],
            )


def _normalised_over(node):
    """Returns over how many values of a row a layer normalises, or `None`."""
    layer, shape = node.layer, node.shape
    if isinstance(layer, keras.layers.GroupNormalization):
        channels = shape[layer.axis]
        if channels is None:
            return None
        groups = channels if layer.groups == -1 else layer.groups
        places = math.prod(one or 2 for one in shape[1:]) // channels
        return places * channels // groups
    names = (keras.layers.LayerNormalization, keras.layers.RMSNormalization)
    if not isinstance(layer, names):
        return None
    axes = layer.axis if isinstance(layer.axis, (list, tuple)) else [layer.axis]
    return math.prod(shape[axis] or 2 for axis in axes)


@rule(
    "N107",
    name="normalisation behind the output",
    topic="normalization",
    severity="warning",
    confidence=0.6,
    needs=("graph", "compiled"),
    bad=program(_HIDDEN, "Dense(1)", "BatchNormalization()", loss="mse"),
    good=program(_HIDDEN, "BatchNormalization()", "Dense(1)", loss="mse"),
    reference="https://arxiv.org/abs/1502.03167",
)
def behind_the_output(subject):
    """The outputs of a regression are normalised.

    A prediction then depends on the other rows of its batch while training,
    and has the mean and the size that the normalisation gives it.
    """
    # An output that is an input of the model has no layer.
    for output, head in zip(
        subject.network.outputs, heads(subject), strict=False
    ):
        last = output
        while last.kind in ("activation", "reshape") and len(last.before) == 1:
            last = last.before[0]
        if last.kind == "normalization" and head.loss_name in REGRESSION:
            yield found(
                last.path,
                f"{type(last.layer).__name__} is the last layer before the "
                f"{head.loss_name}: it sets mean and size of the predictions.",
                f"Leave {last.path} out, or put it in front of the last layer.",
                [Repair("remove_layer", None, last.path)],
            )
