"""Which composites are stacks of blocks, and not one block."""

import keras

from keras_trainkit.backend.model.keras_kinds import is_keras_layer
from keras_trainkit.models.forward_order import is_graph
from keras_trainkit.models.normalization import normalizes


class Stacks:
    """Tells the composites that hold a series of blocks.

    KerasHub's ViT encoder is one layer of many transformer blocks, a
    transformer block one layer of attention and dense layers: the first is a
    stack, the second is not. A block is a layer that holds several layers
    with weights, of a class that is not Keras's own. A stack holds several
    blocks of one class, and either these hold layers of several weights in
    turn, as a transformer block holds its attention, or nothing but
    normalisation comes between or behind them. (A decoder's two attentions
    have dense layers behind them: they are no stack.)

    Args:
        tree: A `LayerTree`.
    """

    def __init__(self, tree):
        """Takes the tree; what it finds is remembered."""
        self._tree = tree
        self._found = {}

    def is_opened(self, layer):
        """Whether `layer` is a stack, or holds one at any depth."""
        if id(layer) not in self._found:
            below = self._tree.sublayers(layer)
            self._found[id(layer)] = self._is_stack(layer) or any(
                self.is_opened(sub) for sub in below
            )
        return self._found[id(layer)]

    def _is_stack(self, layer):
        if is_keras_layer(layer):
            return False
        blocks = [s for s in self._tree.sublayers(layer) if self._is_block(s)]
        kinds = [type(block) for block in blocks]
        return any(
            self._is_series(layer, [b for b in blocks if type(b) is kind])
            for kind in dict.fromkeys(kinds)
            if kinds.count(kind) > 1
        )

    def _is_block(self, layer):
        own_class = not is_keras_layer(layer) and not _is_plain_graph(layer)
        return own_class and self._holds_several(layer)

    def _is_series(self, layer, blocks):
        if all(
            any(self._holds_several(sub) for sub in self._tree.inside(block))
            for block in blocks
        ):
            return True
        order = [s for s in self._tree.called_by(layer) if s.weights]
        places = [order.index(block) for block in blocks]
        behind = order[min(places) :]
        return all(one in blocks or normalizes(one) for one in behind)

    def _holds_several(self, layer):
        own = [s for s in self._tree.inside(layer) if self._is_leaf(s)]
        return len(own) > 1

    def _is_leaf(self, layer):
        return bool(layer.weights) and not any(
            sub.weights for sub in self._tree.sublayers(layer)
        )


def _is_plain_graph(layer):
    # Two Sequential models need not have anything in common.
    return isinstance(layer, keras.Model) and is_graph(layer)
