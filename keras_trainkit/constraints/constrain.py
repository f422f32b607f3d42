"""`constrain`: the right constraint on every kernel of a model."""

import fnmatch
import math

import keras

from keras_trainkit.backend.optimizer.averages import project_averages
from keras_trainkit.backend.training.train_function import forget_compiled_steps
from keras_trainkit.constraints.incoming_max_norm import IncomingMaxNorm
from keras_trainkit.constraints.kernel_slots import kernel_slots
from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_number


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
    compiled and trained already; call it on the model that you `fit`. It
    stands in the layers' configurations, so `save`, `load_model`,
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
        where: Which layers. Defaults to `None`, all.
            - A shell pattern, or a list of them, for the layer's path, the
              chain of layer names from the model down, such as
              `"backbone/block5_*"`; `*` crosses `/`. What a matching layer
              or nested model contains is matched too.
            - A callable `layer -> bool`, asked about each of these layers
              and about the layers, not the models, that contain them.

    Returns:
        A list of strings, what was constrained: the layer's path, a slash,
        the variable's name. The projections of an attention layer are one
        entry, `".../kernel"`.

    Raises:
        TypeError: If an argument has the wrong type.
        ValueError: If not exactly one of `max_norm` and `constraint` is
            given; if `where`, or one of its patterns, matches no kernel; if
            a matching layer uses LoRA or is quantised, so that the kernel
            itself is not what is trained. The model is then as it was.

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
    slots = _matching(kernel_slots(model), where)
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


def _matching(slots, where):
    if where is None:
        matches = [lambda slot: True]
    elif callable(where):
        matches = [lambda slot: _accepted(slot, where)]
    else:
        matches = [_pattern(p) for p in _patterns(where)]
    for match in matches:
        if not any(match(slot) for slot in slots):
            raise bad_value(
                "where",
                where,
                "a selection, each part of which matches a layer with a kernel",
                f"Kernels of the model: {[slot.path for slot in slots]}.",
            )
    return [slot for slot in slots if any(match(slot) for match in matches)]


def _patterns(where):
    patterns = [where] if isinstance(where, str) else where
    if not isinstance(patterns, (list, tuple)) or not all(
        isinstance(p, str) for p in patterns
    ):
        raise bad_type(
            "where",
            where,
            "`None`, a pattern, a list of patterns or a callable",
        )
    if not patterns:
        raise bad_value("where", where, "at least one pattern")
    return patterns


def _pattern(pattern):
    return lambda slot: any(
        fnmatch.fnmatchcase(path, pattern) for path, _ in slot.lineage
    )


def _accepted(slot, where):
    # A nested model matches too many conditions, such as "not this class",
    # that are meant for the layers in it.
    return any(
        where(layer)
        for _, layer in slot.lineage
        if not isinstance(layer, keras.Model)
    )
