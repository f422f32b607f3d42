"""Freezing and unfreezing by hand, outside `fit`."""

from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import is_integer
from keras_trainkit.models.flags import flags_or_nothing
from keras_trainkit.models.layer_tree import LayerTree
from keras_trainkit.models.selection import selected
from keras_trainkit.models.trainable import train_no_longer
from keras_trainkit.models.trainable import train_only
from keras_trainkit.models.trainable import train_too
from keras_trainkit.scheduling.trainable_set import reform_optimizer


def freeze(model, selection):
    """Freezes the selected layers; the next step leaves them alone.

    Setting `layer.trainable` after `compile` is ignored by TensorFlow's
    compiled step and raises on JAX. This also re-forms the optimizer of a
    compiled model over the variables that train now, keeping what it
    remembers of them, so that no second `compile` is needed.
    `callbacks.FineTuning` does the same inside `fit`.

    Args:
        model: A `keras.Model`, compiled or not.
        selection: `"all"`, a shell pattern or a list of them on the layer
            path, or a callable `layer -> bool`; see `models.select`. No int:
            the last n layers are what one unfreezes.

    Returns:
        List of the layers frozen.

    Raises:
        ValueError: When the selection matches nothing, or when the optimizer
            cannot be re-formed; the flags are as before then.
        TypeError: When it is an int, or no selection at all.

    Example:

    >>> model = keras.Sequential(
    ...     [
    ...         keras.Input((4,)),
    ...         keras.layers.Dense(3, name="reused"),
    ...         keras.layers.Dense(1, name="head"),
    ...     ]
    ... )
    >>> [layer.name for layer in ktk.transfer.freeze(model, "reused")]
    ['reused']
    >>> [layer.trainable for layer in model.layers]
    [False, True]
    """
    if is_integer(selection):
        raise bad_type(
            "selection",
            selection,
            "'all', a shell pattern, a list of patterns, or a callable",
            "An int means the last n layers; `unfreeze` takes it.",
        )
    return _changed(model, selection, train_no_longer)


def unfreeze(model, selection):
    """Makes the selected layers trainable; the others stay as they are.

    As `freeze`, it re-forms the optimizer of a compiled model; variables that
    were frozen start with empty slots. `BatchNormalization` follows the
    selection: to keep it in inference mode, as fine-tuning usually should,
    leave it out of the selection, or use `callbacks.FineTuning`.

    Args:
        model: A `keras.Model`, compiled or not.
        selection: As for `freeze`, or an int: the last n layers with weights.

    Returns:
        List of the layers made trainable.

    Raises:
        ValueError: When the selection matches nothing, or when the optimizer
            cannot be re-formed; the flags are as before then.
        TypeError: When it is no selection.

    Example:

    >>> model = keras.Sequential(
    ...     [keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dense(1)]
    ... )
    >>> frozen = ktk.transfer.freeze(model, "all")
    >>> unfrozen = ktk.transfer.unfreeze(model, 1)
    >>> [layer.trainable for layer in model.layers]
    [False, True]
    """
    return _changed(model, selection, train_too)


def set_trainable(model, selection):
    """Makes exactly the selected layers trainable and freezes the others.

    As `freeze` and `unfreeze`, it re-forms the optimizer of a compiled model.
    A container that was frozen before does not hide what is selected in it.

    Args:
        model: A `keras.Model`, compiled or not.
        selection: As for `unfreeze`.

    Returns:
        List of the layers that train now.

    Raises:
        ValueError: When the selection matches nothing, or when the optimizer
            cannot be re-formed; the flags are as before then.
        TypeError: When it is no selection.

    Example:

    >>> model = keras.Sequential(
    ...     [
    ...         keras.Input((4,)),
    ...         keras.layers.Dense(3, name="hidden"),
    ...         keras.layers.Dense(1, name="head"),
    ...     ]
    ... )
    >>> trained = ktk.transfer.set_trainable(model, "head")
    >>> [layer.trainable for layer in model.layers]
    [False, True]
    """
    return _changed(model, selection, train_only)


def _changed(model, selection, change):
    tree = LayerTree(model)
    layers = selected(tree, selection)
    with flags_or_nothing(tree):
        change(tree, layers)
        reform_optimizer(model)
    return layers
