"""A model without its dead filters and units."""

import keras
import numpy as np

from keras_trainkit.compression.shrinking.dead_units import DeadUnits
from keras_trainkit.compression.shrinking.result import Shrinking
from keras_trainkit.compression.shrinking.result import SmallerLayer
from keras_trainkit.compression.shrinking.rule import Fixed
from keras_trainkit.compression.shrinking.rule_of import why_left
from keras_trainkit.compression.shrinking.smaller_model import smaller_model
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.models.built_graph import require_built_graph
from keras_trainkit.models.comparison import drawn_sample
from keras_trainkit.models.comparison import largest_difference
from keras_trainkit.models.kinds import kind_of
from keras_trainkit.models.paths import walk

_WITH_UNITS = ("attention", "dense", "embedding", "recurrent")

_SUBCLASSED = (
    "What reads which units is settled by a subclassed model's own code: "
    "shrink the functional models that it holds, and put their copies into it."
)


def shrink(model, sample=None):
    """Returns `model` without its dead filters and units, with equal outputs.

    A kernel with zeros in it is as large, and takes as long, as one without.
    Whole units that are zero can be taken out: of the layer that makes them,
    of what follows it unit by unit (`BatchNormalization`, depthwise
    convolutions, merges) and of the kernels that read them. What is left is
    dense, smaller, and faster on any machine. Use it after
    `callbacks.MagnitudePruning(structure="filters")`, or on any network with
    ReLU units that never fire because their weights have died.

    A unit is dead if it is constant, whatever the input, or if only zero
    weights read it, in a chain of any length:

    ```
    z_j = b_j + sum over i of w_ij x_i,   x_i = c_i  for all i with w_ij != 0
    ```

    A constant c goes into the biases of the layers that read it,
    `b_j + w_ij c`; layers without one are given one. A convolution that pads
    sees zeros beside it at the border, so no bias does the same: there only
    the constant 0 can go. Outputs of the model keep all units. Units of
    tensors that are added, multiplied or joined can go where they are dead in
    all of them. `largest_difference` comes from sums in another order alone.

    Dropout, and batch statistics in training mode, see fewer units than
    before: the models are equal at inference, and train alike, not equally.

    Args:
        model: A built Sequential or functional model; nested models are
            opened. It stays as it is.
        sample: Inputs to compare the two models on, as for a call of the
            model. Defaults to `None`: two rows of standard normal numbers,
            where the shapes of the inputs are known and they are floats.

    Returns:
        A `Shrinking`: the new model, not compiled, with the names of the
        layers, and Sequential if `model` is; which layers are smaller; what
        is left, and why; how many parameters there are; and the largest
        difference measured.

    Raises:
        TypeError: If `model` is no Sequential or functional model.
        ValueError: If it is not built, or has no dead unit.

    Example:

    >>> model = keras.Sequential(
    ...     [
    ...         keras.Input((8,)),
    ...         keras.layers.Dense(16, activation="relu", name="hidden"),
    ...         keras.layers.Dense(3, name="head"),
    ...     ]
    ... )
    >>> kernel = np.ones((8, 16), "float32")
    >>> kernel[:, 5:] = 0
    >>> _ = model.layers[0].kernel.assign(kernel)
    >>> shrinking = ktk.compression.shrink(model)
    >>> shrinking.removed
    (SmallerLayer(path='hidden', kind='Dense', before=16, after=5),)
    >>> shrinking.parameters
    (195, 63)
    >>> shrinking.model.layers[0].units
    5

    Reference:

    - [Li et al., 2017](https://arxiv.org/abs/1608.08710), pruning filters
    """
    require_built_graph(model, _SUBCLASSED)
    dead = DeadUnits(model)
    paths = {}
    for path, layer in walk(model):
        paths.setdefault(id(layer), path)
    removed, left = _told(dead, paths)
    if not removed and not left:
        raise _nothing_dead(model)
    new = smaller_model(model, dead)
    sample = drawn_sample(model) if sample is None else sample
    return Shrinking(
        new,
        removed,
        {**left, **_left_alone(dead, paths)},
        (model.count_params(), new.count_params()),
        None if sample is None else largest_difference(model, new, sample),
    )


def _nothing_dead(model):
    return bad_value(
        "model",
        model.name,
        "one with dead units, whose weights are all zero, or which only zero "
        "weights read",
        "Prune whole units first: "
        "`callbacks.MagnitudePruning(structure='filters')` or "
        "`compression.prune(model, sparsity, structure='filters')`.",
    )


def _told(dead, paths):
    """Returns the layers that are smaller, and reasons of what is left."""
    removed, left = [], {}
    for rules in dead.layers():
        rule, path = rules[0], paths[id(rules[0].layer)]
        kept = dead.keep(rule.units, rule.units.count)
        if not kept.all():
            kind, counts = type(rule.layer).__name__, (len(kept), kept.sum())
            removed.append(SmallerLayer(path, kind, *map(int, counts)))
        stays = kept & np.all([one.dead for one in rules], axis=0)
        if stays.any():
            reasons = "; ".join(dead.why(rule.units, stays))
            left[path] = f"{int(stays.sum())} of {len(kept)} dead: {reasons}"
    return tuple(removed), left


def _left_alone(dead, paths):
    """Returns the reasons of layers that might have had units to lose."""
    return {
        paths[id(rule.layer)]: why_left(rule.layer)
        for rule in dead.rules
        if isinstance(rule, Fixed) and _has_units(rule)
    }


def _has_units(rule):
    layer = rule.layer
    if not isinstance(layer, keras.Layer) or not layer.weights:
        return False
    reads = any(units is not None for units in rule.inputs)
    return kind_of(layer) in _WITH_UNITS or (
        reads and kind_of(layer) != "preprocessing"
    )
