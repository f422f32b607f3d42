"""Freezing and unfreezing by hand, outside `fit`."""

from keras_trainkit.kernels.errors import bad_type
from keras_trainkit.models.owned import held_weights
from keras_trainkit.models.selection import select
from keras_trainkit.models.trainable import set_trainable
from keras_trainkit.models.trainable import trainable_parts
from keras_trainkit.runtime.reform import reform_optimizer
from keras_trainkit.runtime.train_function import forget_compiled_steps


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
        ValueError: When the selection matches nothing.
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
    frozen = {id(weight) for layer in layers for weight in held_weights(layer)}
    kept = [
        part
        for part in trainable_parts(model)
        if not all(id(weight) in frozen for weight in part.trainable_weights)
    ]
    _retrain(model, kept)
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
        ValueError: When the selection matches nothing.
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
    _retrain(model, [*trainable_parts(model), *layers])
    return layers


def _retrain(model, layers):
    set_trainable(model, layers)
    if getattr(model, "optimizer", None) is not None:
        reform_optimizer(model)
    forget_compiled_steps(model)
