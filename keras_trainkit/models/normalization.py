"""Which layer a normalisation layer belongs to."""

import keras

from keras_trainkit.models.forward_order import sublayers

NORMALIZATIONS = (
    keras.layers.BatchNormalization,
    keras.layers.GroupNormalization,
    keras.layers.LayerNormalization,
    keras.layers.Normalization,
    keras.layers.RMSNormalization,
)


def is_normalization(layer):
    """Whether `layer` is one of Keras's normalisation layers with weights."""
    return isinstance(layer, NORMALIZATIONS)


def normalizes(layer):
    """Whether `layer` is a normalisation layer, Keras's own or another.

    KerasHub's, for one, are of classes such as `LlamaLayerNorm`. A wrapper
    such as `SpectralNormalization` is none.
    """
    named = "norm" in type(layer).__name__.lower()
    wraps = any(sub.weights for sub in sublayers(layer))
    return is_normalization(layer) or (named and not wraps)


def producers(graphs):
    """Maps `id(tensor)` to the operation that returns it.

    Args:
        graphs: Functional models.
    """
    return {
        id(tensor): operation
        for graph in graphs
        for operation in graph.operations
        for tensor in keras.tree.flatten(operation.output)
    }


def weights_before(layer, producers, places):
    """Returns the place of the layer whose output `layer` normalises.

    Of two branches in parallel each keeps its own normalisation, although
    the order of the graph interleaves them.

    Args:
        layer: A normalisation layer.
        producers: As `producers` returns them.
        places: Dict of `id(layer)` to place, of the layers that own weights.

    Returns:
        The place, the last one where branches meet, or `None` when the
        graph does not tell: outside of functional models, or behind an input.
    """
    front, seen, found = [layer], set(), []
    while front:
        # What no graph has called, as in a subclassed model, has no `input`.
        for tensor in keras.tree.flatten(getattr(front.pop(), "input", ())):
            before = producers.get(id(tensor))
            if before is None or id(before) in seen:
                continue
            seen.add(id(before))
            if id(before) in places:
                found.append(places[id(before)])
            elif not isinstance(before, keras.Model):
                front.append(before)
    return max(found, default=None)
