"""An l1 penalty on every kernel of a model."""

import math

import keras

from keras_trainkit.compression.prunable import excluded_layers
from keras_trainkit.constraints.kernel_slots import kernel_slots
from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_number
from keras_trainkit.models.layer_tree import LayerTree

_KNOWN = (
    keras.regularizers.L1,
    keras.regularizers.L2,
    keras.regularizers.L1L2,
)


def l1_sparsify(model, factor, exclude=None):
    """Gives all kernels of a model an l1 penalty, before it is compiled.

    The loss gets `factor * sum(|w|)` of every kernel, which pulls weights that
    help little towards 0. They come near it and seldom reach it: what is
    small at the end of the training `compression.prune` sets to 0. Pruning
    while training (`callbacks.MagnitudePruning`) mostly gives a better model
    of the same sparsity; this needs no callback.

    Covered are the kernels that `constraints.constrain` covers: those of
    dense, convolutional, recurrent and attention layers, of their subclasses,
    nested, shared or wrapped, but no biases and embeddings. An l2 penalty that
    a kernel has stays beside the new one; an l1 penalty is replaced. The
    penalty is part of the layers' configurations, so it is saved with the
    model and copied by `clone_model`, wherever the model's configuration
    contains its layers' (a subclassed model makes them anew: call this again).
    A kernel that is frozen has no penalty until it trains. Layers that a model
    makes in its `build` are found once it is built.

    Args:
        model: A `keras.Model`, built or not, that is not compiled yet.
        factor: Positive float, such as `1e-4`.
        exclude: Selection of layers that get none, as `models.select` takes
            it. Defaults to `None`: no layers.

    Returns:
        List of strings, the kernels that have the penalty: the layer's path, a
        slash, the variable's name. The projections of an attention layer are
        one.

    Raises:
        ValueError: For a `factor` that is not positive; for a model that is
            compiled, since its step would not have the penalty; where no
            kernel is left, or all are frozen; for a layer that uses LoRA or
            is quantised, and one that has a penalty of another kind. The
            model is then as it was.
        TypeError: For arguments of another type.

    Example:

    >>> model = keras.Sequential(
    ...     [keras.Input((2,)), keras.layers.Dense(1, name="head")]
    ... )
    >>> ktk.compression.l1_sparsify(model, 0.1)
    ['head/kernel']
    >>> model.set_weights([np.array([[2.0], [-3.0]]), np.array([7.0])])
    >>> [round(float(loss), 6) for loss in model.losses]
    [0.5]
    """
    if not isinstance(model, keras.Model):
        raise bad_type("model", model, "a `keras.Model`")
    require_number(
        "factor", factor, "positive and finite", lambda v: 0 < v < math.inf
    )
    if model.compiled:
        raise bad_value(
            "model",
            model.name,
            "one that is not compiled: a step that was compiled would not "
            "have the penalty",
            "Call this before `compile`.",
        )
    slots = _slots(model, exclude)
    penalties = [_penalties(slot, factor) for slot in slots]
    for slot, penalty in zip(slots, penalties, strict=True):
        for layer, attribute, regularizer in penalty:
            setattr(layer, attribute, regularizer)
            for weight in layer.weights:
                if weight.name == slot.name:
                    weight.regularizer = regularizer
    return [slot.path for slot in slots]


def _slots(model, exclude):
    tree = LayerTree(model)
    left = excluded_layers(tree, exclude)
    slots = [
        slot
        for slot in kernel_slots(tree)
        if not any(id(layer) in left for layer, _ in slot.holders)
    ]
    if not slots:
        raise bad_value(
            "exclude",
            exclude,
            "a selection that leaves a kernel to penalise",
            f"The model {model.name!r} has no other.",
        )
    other = [slot.path for slot in slots if not slot.is_trained()]
    if other:
        raise bad_value(
            "model",
            other,
            "without LoRA and quantisation, which do not train the kernel",
            "Name these layers in `exclude`.",
        )
    if not any(part.trainable for slot in slots for part in slot.parts):
        raise bad_value(
            "model",
            model.name,
            "one with a kernel that trains: all are frozen, so none would "
            "have a penalty",
            "Unfreeze a layer.",
        )
    return slots


def _penalties(slot, factor):
    """Returns layers, the attributes of their penalties, and the new ones."""
    found = []
    for layer, attribute in slot.holders:
        attribute = attribute.replace("constraint", "regularizer")
        before = getattr(layer, attribute)
        if before is not None and type(before) not in _KNOWN:
            raise bad_value(
                "model",
                f"{slot.path}: {type(before).__name__}",
                "without penalties other than l1 and l2 on its kernels",
                "Name this layer in `exclude`.",
            )
        l2 = float(getattr(before, "l2", 0.0))
        new = (
            keras.regularizers.L1L2(l1=factor, l2=l2)
            if l2
            else keras.regularizers.L1(factor)
        )
        found.append((layer, attribute, new))
    return found
