"""The smallest groups that a model falls into, from stem to head."""

import keras

from keras_trainkit.models.last_layers import graphs_in
from keras_trainkit.models.normalization import normalizes
from keras_trainkit.models.normalization import producers
from keras_trainkit.models.normalization import weights_before
from keras_trainkit.models.stacks import Stacks


def natural_groups(tree):
    """Returns what `models.layer_groups` does by default.

    Args:
        tree: The `LayerTree` of a `keras.Model`.

    Returns:
        List of lists of layers. A nested model, or a stack that is opened,
        stands for the weights that it owns itself.

    Raises:
        OrderUnknown: If the model is not built, or a forward pass cannot be
            traced.
    """
    tree.require_order()
    reading = _Reading(tree)
    groups = _with_normalizations(tree, reading)
    groups = _embeddings_first(tree, groups)
    place = {id(one): i for i, group in enumerate(groups) for one in group}
    for container in reading.containers:
        inside = [id(part) for part in tree.inside(container)]
        lowest = min(place[part] for part in inside if part in place)
        groups[lowest].insert(0, container)
        place[id(container)] = lowest
    return groups


class _Reading:
    """What has weights, in forward order.

    Attributes:
        units: List of lists of layers: a layer, or the layers of a block.
        place: `{id(layer): index in units}`; a container that is opened has
            the place of the last unit in it.
        norms: List of `(normalisation, index of the unit read before it)`.
        containers: Models and stacks that own weights besides their units',
            inner ones first.
    """

    def __init__(self, tree):
        self._tree = tree
        self._stacks = Stacks(tree)
        self._seen = set()
        self.units, self.place, self.norms, self.containers = [], {}, [], []
        self._open(tree.model)

    def _open(self, container):
        nested = isinstance(container, keras.Model)
        below = self._tree.sublayers if nested else self._tree.called_by
        layers = below(container)
        for layer in layers:
            if id(layer) not in self._seen:
                self._seen.add(id(layer))
                self._read(layer, opens_models=nested)
        if self._tree.own_weights(container):
            if any(layer.weights for layer in layers):
                self.containers.append(container)
            else:
                self._add([container])
        if not nested and self.units:
            self.place[id(container)] = len(self.units) - 1

    def _read(self, layer, opens_models):
        is_model = isinstance(layer, keras.Model)
        if (is_model and opens_models) or self._stacks.is_opened(layer):
            self._open(layer)
        elif is_model:
            self._add(_owners(self._tree, layer))
        elif normalizes(layer):
            self.norms.append((layer, max(len(self.units) - 1, 0)))
        elif layer.weights:
            self._add([layer])

    def _add(self, layers):
        if layers:
            self.place.update((id(one), len(self.units)) for one in layers)
            self.units.append(layers)


def _owners(tree, model):
    """Returns what stands for the weights of a model that is one unit."""
    found = [model] if tree.own_weights(model) else []
    for layer in tree.sublayers(model):
        if isinstance(layer, keras.Model):
            found += _owners(tree, layer)
        elif layer.weights:
            found.append(layer)
    return found


def _with_normalizations(tree, reading):
    groups = [list(unit) for unit in reading.units]
    norms = [(one, last) for one, last in reading.norms if one.weights]
    if norms and not groups:
        return [[one for one, _ in norms]]
    returned_by = producers(graphs_in(tree))
    for norm, last in norms:
        place = weights_before(norm, returned_by, reading.place)
        groups[last if place is None else place].append(norm)
    return groups


def _embeddings_first(tree, groups):
    """Merges the first group and all embeddings, as BEiT counts layers."""
    embeds = [_is_embedding(tree, group[0]) for group in groups]
    if not any(embeds):
        return groups
    lowest = [i == 0 or one for i, one in enumerate(embeds)]
    pairs = list(zip(groups, lowest, strict=True))
    return [
        [layer for group, low in pairs if low for layer in group],
        *(group for group, low in pairs if not low),
    ]


def _is_embedding(tree, layer):
    if "Embedding" in type(layer).__name__:  # Keras's own, too
        return True
    inside = [one for one in tree.inside(layer) if tree.own_weights(one)]
    parts = [one for one in inside if not normalizes(one)]
    opened = isinstance(layer, keras.Model) or not parts
    return not opened and all(_is_embedding(tree, one) for one in parts)
