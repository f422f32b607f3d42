"""Networks of a search for the depth, made of one model."""

import keras

from keras_trainkit.backend.model.keras_kinds import is_preprocessing
from keras_trainkit.backend.model.torch_modules import norm_weights
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.models.copies import LayerCopies
from keras_trainkit.models.groups import group_weights
from keras_trainkit.models.groups import grouped
from keras_trainkit.models.layer_tree import LayerTree
from keras_trainkit.models.trainable import train_only
from keras_trainkit.transfer.clone import clone
from keras_trainkit.transfer.depth_search.dropped_groups import Gap


class Networks:
    """Makes the network of each configuration; the model stays as it is.

    Args:
        model: A Sequential or functional `keras.Model`, built.
        groups: Into how many groups of layers it is divided, the head's
            included; `None` for its natural groups.
        head: Integer, how many of the last groups are the head.

    Attributes:
        count: How many groups there are below the head.

    Raises:
        ValueError: If no group is left below the head.
    """

    def __init__(self, model, groups, head):
        self._model, self._n, self._head = model, groups, head
        found = grouped(LayerTree(model), groups)
        self.count = len(found) - head
        if self.count < 1:
            raise bad_value(
                "head",
                head,
                f"less than {len(found)}, the number of groups of layers",
                "`models.layer_groups(model)` shows them.",
            )

    def droppable(self):
        """Returns after how many reused groups the rest can be dropped."""
        # A layer that is called again would remember it.
        trial = clone(self._model, compile=False)
        found = grouped(LayerTree(trial), self._n)
        gaps = {
            reuse: Gap(trial, _flat(found[reuse : self.count]))
            for reuse in range(1, self.count)
        }
        shape = trial.output_shape
        return {
            reuse
            for reuse, gap in gaps.items()
            if gap.closes and _shape_of(gap) == shape
        }

    def reusable(self):
        """Returns the weights below the head."""
        tree = LayerTree(self._model)
        weights = group_weights(tree, grouped(tree, self._n))
        return _flat(weights[: self.count])

    def make(self, configuration):
        """Returns an uncompiled network, drawn from the global random state.

        Args:
            configuration: A `Configuration`.

        Returns:
            Tuple of the network, the list of its weights that were reused and
            train, and `{id(variable): (variable, its copy)}` of the model.
        """
        network = clone(self._model, compile=False)
        copies = copies_of(self._model, network)
        tree = LayerTree(network)
        found = grouped(tree, self._n)
        weights = group_weights(tree, found)
        reuse, freeze = configuration.reuse, configuration.freeze
        self._draw_anew(tree, _flat(weights[reuse:]))
        reused = {id(weight) for weight in _flat(weights[:reuse])}
        held = [one for one in tree.layers if _is_batch_norm_of(one, reused)]
        train_only(tree, _flat(found[freeze:]), held)
        trained = [w for w in _flat(weights[freeze:reuse]) if w.trainable]
        if configuration.above == "drop":
            gap = Gap(network, _flat(found[reuse : self.count]))
            network = gap.closed()
        return network, trained, copies

    def _draw_anew(self, tree, weights):
        """Gives weights, and all seeds, the values of a new model."""
        kept = {id(weight) for weight in tree.weights}
        for layer in tree.layers:
            if is_preprocessing(layer):
                # Statistics of data, which are no result of training.
                weights = _without(weights, layer.weights)
        drawn = {id(weight) for weight in weights}
        new = LayerCopies()(self._model)
        for ours, theirs in zip(
            tree.model.variables, new.variables, strict=True
        ):
            if id(ours) in drawn or id(ours) not in kept:
                ours.assign(keras.ops.copy(theirs))


def copies_of(model, network):
    """Returns `{id(variable): (variable, its copy)}` for a clone."""
    pairs = zip(model.variables, network.variables, strict=True)
    return {id(one): (one, copy) for one, copy in pairs}


def _shape_of(gap):
    """Returns the shape of the outputs, or `None` where it does not close."""
    try:
        return gap.closed().output_shape
    except ValueError:
        # A layer that stays, such as `Reshape`, wants what was in front.
        return None


def _is_batch_norm_of(layer, weights):
    keras_own = isinstance(layer, keras.layers.BatchNormalization)
    if not keras_own and norm_weights(layer) is None:
        return False
    return any(id(weight) in weights for weight in layer.weights)


def _without(weights, others):
    left_out = {id(weight) for weight in others}
    return [weight for weight in weights if id(weight) not in left_out]


def _flat(lists):
    return [one for inner in lists for one in inner]
