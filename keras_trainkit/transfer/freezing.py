"""Freezing and unfreezing by hand, outside `fit`."""

import keras

from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.models.flags import add_trainable
from keras_trainkit.models.flags import flags_or_nothing
from keras_trainkit.models.owned import own_weights
from keras_trainkit.models.selection import select
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
    if isinstance(selection, int):
        raise bad_type(
            "selection",
            selection,
            "'all', a shell pattern, a list of patterns, or a callable",
            "An int means the last n layers; `unfreeze` takes it.",
        )
    layers = select(model, selection)
    with flags_or_nothing(model):
        for layer in layers:
            if isinstance(layer, keras.Model):
                # It stands for its own weights; its flag would freeze all.
                for weight in own_weights(layer):
                    weight.trainable = False
            else:
                layer.trainable = False
        reform_optimizer(model)
    return layers


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
    layers = select(model, selection)
    with flags_or_nothing(model):
        add_trainable(model, layers)
        reform_optimizer(model)
    return layers
