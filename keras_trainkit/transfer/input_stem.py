"""What the input of a model passes on its way to the first convolution."""

import keras

from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.models.graph import Steps
from keras_trainkit.models.graph import graph_of
from keras_trainkit.models.layer_tree import LayerTree
from keras_trainkit.transfer.channelwise import is_channelwise

# No subclasses: what these do with the channels only they know.
_CONVOLUTIONS = (
    keras.layers.Conv1D,
    keras.layers.Conv2D,
    keras.layers.Conv3D,
)


class InputStem:
    """The first convolution of a model, and what stands before it.

    Args:
        model: A Sequential or functional model with one input.

    Attributes:
        convolution: The one convolution that reads the input's channels.
        before: List of the operations before it, which treat all channels
            alike, but for constants per channel.
        nested: List of the nested models that hold these, or the convolution.
        channels: Number of channels of the input.
        axis: The input's axis of channels, counted with the batch's.

    Raises:
        TypeError: If `model` is no graph of layers.
        ValueError: If it has several inputs, or anything but one convolution
            of Keras's own, without groups or LoRA, reads the input.
    """

    def __init__(self, model):
        graph = _graph(model)
        steps = Steps(model)
        self.before, readers, passed_on = _readers(steps)
        self.convolution = _only_convolution(model, readers)
        _require_alone(model, steps, readers[0], passed_on)
        first = self.convolution.data_format == "channels_first"
        shape = graph.inputs[0].shape
        self.axis = 1 if first else len(shape) - 1
        self.channels = shape[self.axis]
        passed = {id(one) for one in [self.convolution, *self.before]}
        tree = LayerTree(model)
        self.nested = [
            layer
            for layer in tree.layers
            if isinstance(layer, keras.Model)
            and layer is not model
            and any(id(part) in passed for part in tree.inside(layer))
        ]


def _graph(model):
    expected = "a Sequential or functional model that has been built"
    if not isinstance(model, keras.Model):
        raise bad_type("model", model, expected)
    graph = graph_of(model)
    if graph is None:
        raise bad_type(
            "model",
            model,
            expected,
            "Only the graph of its layers tells what reads the input.",
        )
    if len(graph.inputs) != 1:
        names = [tensor.name for tensor in graph.inputs]
        raise bad_value(
            "model",
            model.name,
            f"a model with one input, not {names}",
            "Adapt the nested model that reads the images.",
        )
    return graph


def _readers(graph):
    """Returns what the input passes, the steps behind, and what passes on."""
    passed_on, before, readers = {0}, [], []
    for step in graph.steps:
        read = step.inputs[step.for_masks :]
        if passed_on.isdisjoint(read):
            continue
        known = step.operation is None or is_channelwise(step.operation)
        if len(set(read)) > 1 or not known:
            readers.append(step)
            continue
        passed_on.update(step.outputs)
        if step.operation is not None:
            before.append(step.operation)
    return before, readers, passed_on


def _only_convolution(model, readers):
    names = [getattr(one.operation, "name", "a model") for one in readers]
    if len(readers) != 1:
        raise bad_value(
            "model",
            model.name,
            "a model whose input one convolution reads",
            f"It is read by {names}.",
        )
    layer = readers[0].operation
    if type(layer) not in _CONVOLUTIONS or layer.groups != 1:
        raise bad_value(
            "model",
            model.name,
            "a model that begins with Keras's own Conv1D, Conv2D or Conv3D "
            "without groups, or with layers before it that treat all channels "
            "alike",
            f"It is the {type(layer).__name__} {names[0]!r}. Put a 1x1 "
            "convolution in front of the model instead.",
        )
    if layer.lora_enabled:
        raise bad_value(
            "model",
            model.name,
            f"a model whose first convolution {layer.name!r} has no LoRA",
            "Adapt the input first, and call `enable_lora` then.",
        )
    return layer


def _require_alone(model, graph, reader, passed_on):
    calls = [s for s in graph.steps if s.operation is reader.operation]
    passed = passed_on.intersection(graph.outputs)
    if len(calls) > 1 or passed:
        what = "is called once" if len(calls) > 1 else "all outputs lie behind"
        raise bad_value(
            "model",
            model.name,
            f"a model whose first convolution {reader.operation.name!r} {what}",
        )
