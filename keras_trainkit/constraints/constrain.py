"""`constrain`: the right constraint on every kernel of a model."""

import math

import keras

from keras_trainkit.backend.optimizer.averages import project_averages
from keras_trainkit.backend.training.kept_steps import forget_compiled_steps
from keras_trainkit.constraints.incoming_max_norm import IncomingMaxNorm
from keras_trainkit.constraints.kernel_slots import kernel_slots
from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_number
from keras_trainkit.models.layer_tree import LayerTree
from keras_trainkit.models.selection import selected


def constrain(model, max_norm=None, constraint=None, where=None):
    """Sets a constraint on every kernel of a model, or on some.

    With `max_norm=r`, the max-norm regularisation of Srivastava et al., made
    for networks with dropout: the incoming weight vector `v` of each unit is
    kept in a ball, `||v||_2 <= r`, by a projection after each step. Each
    kernel gets the `IncomingMaxNorm` of its own layout.

    Covered are the kernels of `Dense`, `EinsumDense`, `Conv1D/2D/3D`,
    `Conv1D/2D/3DTranspose`, `DepthwiseConv1D/2D`, `SeparableConv1D/2D`, the
    input and recurrent kernels of recurrent layers and cells, `ConvLSTM*`
    included, and the projections of `MultiHeadAttention` and
    `GroupQueryAttention`; of their subclasses; alone, in nested models and in
    wrappers. Embeddings, biases and the scales of normalisation layers are
    left alone.

    The constraint acts from the next step on, also in a model that has been
    compiled and trained already; call it on the model that you `fit`. It is
    part of the layers' configurations, so `save`, `load_model`,
    `get_config` and `clone_model` keep it wherever the model's own
    configuration contains its layers': functional and `Sequential` models. A
    subclassed model makes its layers anew in its constructor: constrain it
    again once it is loaded, or in the constructor. Layers that have not been
    built yet get the constraint when they are. A constraint that a kernel had
    before is replaced; to keep it, pass a `Chain` as `constraint`.

    The averages that an optimizer with `use_ema=True` keeps of these weights
    are projected as well, so that the constraint also holds where they become
    the weights.

    Args:
        model: `keras.Model`, built or not, compiled or not.
        max_norm: Positive float, r. Exactly one of this and `constraint`.
            Defaults to `None`.
        constraint: `keras.constraints.Constraint`, or a name that Keras
            knows; given to every matching kernel as it is. Defaults to
            `None`.
        where: Which layers, as in `freeze` and `FineTuning`: `"all"`, the
            last n layers, patterns on the layer path, or a callable
            `layer -> bool`; see `models.select`. The kernels of what is
            selected, and of all that it contains, are constrained. Defaults
            to `None`, all.

    Returns:
        A list of strings, what was constrained: the layer's path, a slash,
        the variable's name. The projections of an attention layer are one
        entry, `".../kernel"`.

    Raises:
        TypeError: If an argument has the wrong type.
        ValueError: If not exactly one of `max_norm` and `constraint` is
            given; if `where`, or one of several patterns, matches no layer,
            or no layer with a kernel; if it matches some projections of an
            attention layer but not all; if a matching layer uses LoRA or is
            quantised, so that the kernel itself is not what is trained. The
            model is then as it was.

    Example:

    >>> model = keras.Sequential(
    ...     [
    ...         keras.Input((8, 8, 3)),
    ...         keras.layers.SeparableConv2D(4, 3, name="conv"),
    ...         keras.layers.Flatten(),
    ...         keras.layers.Dense(2, name="head"),
    ...     ]
    ... )
    >>> ktk.constraints.constrain(model, max_norm=2.0)
    ['conv/depthwise_kernel', 'conv/pointwise_kernel', 'head/kernel']

    Reference:

    - [Srivastava et al., 2014: Dropout](
      https://jmlr.org/papers/v15/srivastava14a.html), section 5.1
    """
    if not isinstance(model, keras.Model):
        raise bad_type("model", model, "a `keras.Model`")
    choose = _choice(max_norm, constraint)
    slots = _selected_slots(LayerTree(model), where)
    untrained = [slot.path for slot in slots if not slot.is_trained()]
    if untrained:
        raise bad_value(
            "where",
            where,
            "a selection of layers without LoRA and quantisation, which do "
            "not train the kernel",
            f"Leave these out: {untrained}.",
        )
    for slot in slots:
        slot_constraint = choose(slot)
        project_averages(slot_constraint)
        slot.set(slot_constraint)
    forget_compiled_steps(model)
    return [slot.path for slot in slots]


def _choice(max_norm, constraint):
    if (max_norm is None) == (constraint is None):
        raise bad_value(
            "max_norm",
            max_norm,
            "given if and only if `constraint` is not",
            f"Received also: constraint={constraint!r}.",
        )
    if constraint is None:
        require_number(
            "max_norm",
            max_norm,
            "a positive finite number",
            lambda value: 0 < value < math.inf,
        )
        return lambda slot: IncomingMaxNorm(max_norm, slot.layout)
    if not isinstance(constraint, (str, keras.constraints.Constraint)):
        raise bad_type(
            "constraint",
            constraint,
            "a `keras.constraints.Constraint` instance or the name of one",
        )
    given = keras.constraints.get(constraint)
    return lambda slot: given


def _selected_slots(tree, where):
    slots = kernel_slots(tree)
    selections = [_with_contents(tree, one) for one in _each(tree, where)]
    for layers in selections:
        if not any(_share(slot, layers) for slot in slots):
            raise bad_value(
                "where",
                where,
                "a selection, each part of which matches a layer with a kernel",
                f"Kernels of the model: {[slot.path for slot in slots]}.",
            )
    shares = [_share(slot, set().union(*selections)) for slot in slots]
    divided = [
        slot.path
        for slot, share in zip(slots, shares, strict=True)
        if 0 < share < 1
    ]
    if divided:
        raise bad_value(
            "where",
            where,
            "a selection of whole attention layers, which have one constraint "
            "for all their projections",
            f"Selected in part: {divided}.",
        )
    return [slot for slot, share in zip(slots, shares, strict=True) if share]


def _each(tree, where):
    """Returns the layers of the selection, or of each pattern of several."""
    if where is None:
        return [tree.layers]
    found = selected(tree, where, "where")
    if isinstance(where, (list, tuple, set, frozenset)):
        return [selected(tree, [pattern]) for pattern in where]
    return [found]


def _with_contents(tree, layers):
    # A model in a selection stands for the weights of its own.
    return {
        id(one)
        for layer in layers
        if not isinstance(layer, keras.Model)
        for one in (layer, *tree.inside(layer))
    }


def _share(slot, layers):
    return sum(id(part) in layers for part in slot.parts) / len(slot.parts)
