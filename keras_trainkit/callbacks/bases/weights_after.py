"""Callbacks that change weights after another one has seen to them."""

import keras

from keras_trainkit.backend.training.callback_order import callbacks_behind
from keras_trainkit.kernels.argument_checks import bad_value


def refuse_later_weights(callback, swaps=True, averages=False):
    """Raises where a callback behind `callback` gives the model other weights.

    To be called in `on_train_begin`.

    Args:
        callback: The callback, whose work belongs to the weights of the
            moment.
        swaps: Whether weights matter that are swapped in for a validation.
            Defaults to `True`.
        averages: Whether averages matter that are in place at the end, of a
            callback with `ends_with_averages`. Defaults to `False`.

    Raises:
        ValueError: For `EarlyStopping(restore_best_weights=True)`, with
            `swaps` for `SwapEMAWeights`, and with `averages` for what ends
            with averages.
    """
    for one in callbacks_behind(callback):
        restores = isinstance(one, keras.callbacks.EarlyStopping) and (
            one.restore_best_weights
        )
        swapping = swaps and isinstance(one, keras.callbacks.SwapEMAWeights)
        averaging = averages and getattr(one, "ends_with_averages", False)
        if restores or swapping or averaging:
            raise bad_value(
                "callbacks",
                f"{type(one).__name__} behind {type(callback).__name__}",
                "such that no callback changes the weights after "
                f"{type(callback).__name__} has acted on them",
                f"List {type(callback).__name__} behind it.",
            )


def averages_weights(optimizer):
    """Whether an optimizer, or one inside of it, puts averages in place.

    Args:
        optimizer: The optimizer of a model, or `None`.
    """
    held = [
        getattr(optimizer, "inner_optimizer", None),
        *getattr(optimizer, "optimizers", ()),
    ]
    return bool(getattr(optimizer, "use_ema", False)) or any(
        averages_weights(one) for one in held if one is not None
    )
