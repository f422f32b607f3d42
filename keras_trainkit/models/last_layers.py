"""What "the last n layers" counts."""

import keras

from keras_trainkit.models.normalization import is_normalization
from keras_trainkit.models.normalization import producers
from keras_trainkit.models.normalization import weights_before


def counted_groups(tree):
    """Returns the layers of a model in the groups that an int counts.

    A group is a layer that owns weights, together with the normalisation
    layers behind it. Nested models are opened, a composite is one group, and
    so are the weights that a model owns itself. A normalisation layer goes
    with the layer with weights before it: the one whose output it
    normalises in a functional model, else the last one in forward order;
    one that comes before all others goes with the first.

    Args:
        tree: The `LayerTree` of a `keras.Model` that has been built.

    Returns:
        List of lists of layers, in forward order; a layer is in one of them.

    Raises:
        OrderUnknown: If the model is not built, or the forward pass of a
            subclassed model cannot be traced.
    """
    tree.require_order()
    layers = list({id(one): one for _, one in tree.owners}.values())
    counted = [one for one in layers if not is_normalization(one)]
    places = {id(one): place for place, one in enumerate(counted)}
    returned_by = producers(graphs_in(tree))
    groups = [[one] for one in counted]
    last = 0
    for layer in layers:
        if id(layer) in places:
            last = places[id(layer)]
        elif groups:
            place = weights_before(layer, returned_by, places)
            groups[last if place is None else place].append(layer)
    return groups


def graphs_in(tree):
    """Returns the functional models in a model that has been read."""
    return [
        one
        for one in tree.layers
        if isinstance(one, keras.Model) and isinstance(one, keras.Function)
    ]
