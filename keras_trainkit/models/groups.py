"""Groups of layers from the stem of a model to its head."""

import dataclasses

import keras

from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_integer
from keras_trainkit.models.layer_tree import LayerTree
from keras_trainkit.models.natural_groups import natural_groups


@dataclasses.dataclass(frozen=True, repr=False)
class LastGroups:
    """A selection: the last `n` groups; see `groups`."""

    n: int
    of: int | None = None

    def __repr__(self):
        """As the call that makes it."""
        of = "" if self.of is None else f", of={self.of}"
        return f"groups({self.n}{of})"

    def layers_in(self, tree, name):
        """Returns the layers that are meant, from stem to head.

        Args:
            tree: The model's `LayerTree`.
            name: The argument that the selection came in, for errors.
        """
        found = grouped(tree, self.of, "of")
        if self.n > len(found):
            raise bad_value(
                name,
                self,
                f"of at most {len(found)} groups, which is what "
                f"{tree.model.name!r} has",
                "See `models.layer_groups`.",
            )
        return [layer for group in found[-self.n :] for layer in group]


def groups(n, of=None):
    """Returns the selection of the last `n` groups of layers.

    For `FineTuning`, `unfreeze`, `set_trainable`, `select` and wherever else
    a selection is taken. An int counts single layers there; this counts the
    groups that `layer_groups` returns, so that a transformer block is one
    step, also inside a layer that holds all blocks.

    Args:
        n: How many groups, counted from the head. At least 1.
        of: Into how many groups the model is divided, as `n` of
            `layer_groups`. Defaults to `None`: its natural groups.

    Returns:
        A selection. Two of them are equal if their arguments are.

    Raises:
        ValueError: If `n` is less than 1 or more than `of`; where it is used,
            if the model has fewer groups.
        TypeError: If an argument is no integer.

    Example:

    >>> model = keras.Sequential(
    ...     [
    ...         keras.Input((4,)),
    ...         keras.layers.Dense(3, name="hidden"),
    ...         keras.layers.LayerNormalization(name="norm"),
    ...         keras.layers.Dense(1, name="head"),
    ...     ]
    ... )
    >>> [layer.name for layer in ktk.models.select(model, ktk.models.groups(1))]
    ['head']
    >>> ktk.models.groups(2)
    groups(2)
    """
    if of is not None:
        require_integer("of", of, least=1)
        of = int(of)
    require_integer("n", n, least=1, most=of)
    return LastGroups(int(n), of)


def layer_groups(model, n=None):
    """Returns the layers of `model` in groups, from its stem to its head.

    What gradual unfreezing and layer-wise learning rates step through. A
    group is a layer with weights and the normalisation behind it, or a whole
    block:

    - Nested models are opened; groups come in the order of the forward pass,
      that of the graph where it branches.
    - A layer made of others is one group (`MultiHeadAttention`,
      `Bidirectional`, a residual or transformer block), unless it is a
      stack of several blocks of one class: each block is a group then.
    - A normalisation layer goes with the layer whose output it normalises,
      one that comes first with the first group.
    - Embeddings (`Embedding` layers, and those with "Embedding" in the name
      of their class, such as position embeddings) belong to the first group
      wherever they are called, and so do class tokens and positions that a
      model or a stack owns itself, as BEiT and timm count layers. What else a
      model or a stack owns itself also goes with its lowest group.

    Args:
        model: A `keras.Model`, built.
        n: Into how many groups neighbours are merged, of about equal numbers
            of natural groups. Defaults to `None`: the natural groups.

    Returns:
        List of lists of layers. Each layer with weights is in exactly one
        group, by itself or with the composite that it is a part of. A model,
        or a stack that is opened, stands in its group for the weights that
        it owns itself.

    Raises:
        TypeError: If `model` is no `keras.Model`, or `n` no integer.
        ValueError: If `n` is less than 1 or more than there are natural
            groups, or if the order of the forward pass is unknown.

    Example:

    >>> model = keras.Sequential(
    ...     [
    ...         keras.Input((4,)),
    ...         keras.layers.Dense(3, name="hidden"),
    ...         keras.layers.LayerNormalization(name="norm"),
    ...         keras.layers.Dense(3, name="top"),
    ...         keras.layers.Dense(1, name="head"),
    ...     ]
    ... )
    >>> for group in ktk.models.layer_groups(model):
    ...     print([layer.name for layer in group])
    ['hidden', 'norm']
    ['top']
    ['head']
    >>> [len(group) for group in ktk.models.layer_groups(model, 2)]
    [3, 1]

    Reference:

    - [Bao et al., 2021](https://arxiv.org/abs/2106.08254), whose fine-tuning
      counts layers in this way.
    """
    if not isinstance(model, keras.Model):
        raise bad_type("model", model, "a keras.Model")
    return grouped(LayerTree(model), n)


def grouped(tree, n=None, name="n"):
    """Returns what `layer_groups` does, for a model that has been read.

    Args:
        tree: The model's `LayerTree`.
        n: As for `layer_groups`.
        name: The argument that `n` came in, for errors. Defaults to `"n"`.
    """
    found = natural_groups(tree)
    if n is None:
        return found
    require_integer(name, n, least=1)
    if n > len(found):
        raise bad_value(
            name,
            n,
            f"at most {len(found)}, the number of natural groups",
            "`layer_groups(model)` shows them.",
        )
    return _merged(found, int(n))


def group_weights(tree, found):
    """Returns the weights of each group, each weight in exactly one.

    Args:
        tree: The model's `LayerTree`.
        found: Groups of it, as `grouped` returns them.
    """
    return [
        [weight for _, weights in group for weight in weights]
        for group in weights_by_layer(tree, found)
    ]


def weights_by_layer(tree, found):
    """Returns each group as a list of tuples `(layer, its weights)`.

    Args:
        tree: The model's `LayerTree`.
        found: Groups of it, as `grouped` returns them.
    """
    member = {id(layer) for group in found for layer in group}
    taken, groups_found = set(), []
    for group in found:
        pairs = []
        for layer in group:
            held = _stands_for(tree, layer, member)
            own = [weight for weight in held if id(weight) not in taken]
            taken |= {id(weight) for weight in own}
            pairs.append((layer, own))
        groups_found.append(pairs)
    return groups_found


def _stands_for(tree, layer, member):
    opened = any(id(part) in member for part in tree.inside(layer))
    if opened or isinstance(layer, keras.Model):
        return tree.own_weights(layer)
    return layer.weights


def _merged(found, n):
    """Merges neighbours; the larger groups are those at the stem."""
    size, larger = divmod(len(found), n)
    ends = [size * (i + 1) + min(i + 1, larger) for i in range(n)]
    starts = [0, *ends[:-1]]
    return [
        [layer for group in found[start:end] for layer in group]
        for start, end in zip(starts, ends, strict=True)
    ]
