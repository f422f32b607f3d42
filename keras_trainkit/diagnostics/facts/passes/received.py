"""Where a scale that is out of hand comes from: the data or the kernels."""

import math

import keras
import numpy as np

from keras_trainkit.backend.model.graph_nodes import reads
from keras_trainkit.diagnostics.facts.heads import REGRESSION
from keras_trainkit.diagnostics.facts.heads import heads

# Standardised values have size 1; pixels from 0 to 1 less.
_LARGE = 5.0
# Initializers for units that keep the scale of a signal have a gain of 1 to
# 1.5; those of recurrent cells, too.
_WIDE = 4.0
# More than layers without a kernel make of a signal.
_JUMP = 20.0
_LARGE_TARGETS = 30.0


def received(subject):
    """Returns the sizes of what the first layers with a kernel get.

    Args:
        subject: A `Subject` with a first pass.

    Returns:
        Dict of the layer's path to the root mean square; `{}` where the graph
        is not known.
    """
    network, layers = subject.network, subject.first_pass.layers
    inputs = _sizes_of_inputs(subject)
    found = {}
    for node in network.weighted if network.has_graph else ():
        if _weighted_before(node):
            continue
        before = [layers[one.path] for one in node.before if one.path in layers]
        sizes = [_size(one) for one in before] or inputs
        found[node.path] = max(sizes, default=math.nan)
    return found


def cause_of_scale(subject):
    """Returns what makes values large: a topic and a sentence.

    Args:
        subject: A `Subject` with a first pass.

    Returns:
        Tuple of `"preprocessing"`, `"initialization"`, `"architecture"` or
        `"normalization"`, the path of the layer to look at, and the evidence.
    """
    sizes = received(subject) or {"": max(_sizes_of_inputs(subject), default=0)}
    path, size = max(sizes.items(), key=lambda one: one[1])
    if size > _LARGE:
        return "preprocessing", path, f"the inputs have size {size:.3g}"
    gains = [
        (kernel.gain_in, kernel.path)
        for kernel in subject.network.kernels
        if kernel.name == "kernel"
    ]
    gain, path = max(gains, default=(0.0, ""))
    if gain > _WIDE:
        return (
            "initialization",
            path,
            f"the kernel of {path} makes values {gain:.3g} times as large",
        )
    growth, path = max(_growth(subject), default=(0.0, ""))
    if growth > _JUMP:
        said = f"{path} makes them {growth:.3g} times as large"
        return "architecture", path, said
    return "normalization", "", "each layer makes them larger"


def embedded(subject):
    """Yields what the embeddings right behind an input get of the sample.

    Args:
        subject: A `Subject` with a sample and a graph.

    Yields:
        Tuples of the path, the layer, and the largest and the smallest number.
    """
    model, inputs = subject.model, subject.sample.x
    tensors = getattr(model, "inputs", None) or ()
    for node in subject.network.nodes:
        if not isinstance(node.layer, keras.layers.Embedding) or node.before:
            continue
        # Of several inputs only the graph knows which one it reads.
        places = [
            place
            for place, tensor in enumerate(tensors)
            if len(tensors) == 1 or reads(node.layer, tensor)
        ]
        for place in places[:1] if len(inputs) == len(tensors) else ():
            values = inputs[place]
            if values.dtype.kind in "fiu" and values.size:
                yield node.path, node.layer, values.max(), values.min()


def large_targets(subject):
    """Returns the size of a regression's targets, or `None` if it is small.

    Args:
        subject: A `Subject` with a first pass.
    """
    sizes = [
        _rms(head.y)
        for head in heads(subject)
        if head.loss_name in REGRESSION and head.y is not None
    ]
    size = max(sizes, default=0.0)
    return size if size > _LARGE_TARGETS else None


def _growth(subject):
    """Yields by how much each layer enlarges what it gets, with its path."""
    layers = subject.first_pass.layers
    for node in subject.network.nodes:
        before = [layers[one.path] for one in node.before if one.path in layers]
        size = max((_size(one) for one in before), default=0.0)
        if size and node.path in layers:
            yield _size(layers[node.path]) / size, node.path


def _size(output):
    return math.hypot(output.mean, output.std)


def _weighted_before(node):
    todo, seen = list(node.before), set()
    while todo:
        one = todo.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if one.kind in ("dense", "conv", "recurrent", "embedding", "attention"):
            return True
        todo += one.before
    return False


def _sizes_of_inputs(subject):
    arrays = keras.tree.flatten(subject.first_pass.x)
    return [_rms(one) for one in arrays if one.dtype.kind in "fiu"]


def _rms(values):
    return float(np.sqrt(np.mean(np.square(values.astype("float64")))))
