"""One `fit` of a model that an encoder was lent to."""

import keras
import numpy as np

from keras_trainkit.backend.devices.device_copies import read_copies
from keras_trainkit.backend.devices.process import shown
from keras_trainkit.backend.training.left_fit import bring_variables_back
from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import read_by
from keras_trainkit.kernels.argument_checks import require_integer

FIT_ARGUMENTS = {
    "batch_size",
    "callbacks",
    "sample_weight",
    "shuffle",
    "steps_per_epoch",
    "validation_batch_size",
    "validation_freq",
    "validation_split",
    "validation_steps",
    "verbose",
}


def require_fit_arguments(epochs, given, left_out=()):
    """Raises for what does not go to `fit`.

    Args:
        epochs: What was received as `epochs`.
        given: Dict of the other arguments.
        left_out: Arguments of `fit` that this recipe cannot pass on.
    """
    require_integer("epochs", epochs, least=1)
    known = FIT_ARGUMENTS - set(left_out)
    unknown = sorted(set(given) - known)
    if unknown:
        raise TypeError(
            "Expected arguments of the recipe, or of these of `fit`: "
            f"{sorted(known)}. Received: {unknown}."
        )


def require_loss(loss):
    """Raises for what is no loss; `None` would train nothing on JAX."""
    expected = "a Keras loss or its name"
    if read_by(keras.losses.get, "loss", loss, expected) is None:
        raise bad_type("loss", loss, expected)


def optimizer_from(optimizer):
    """Returns an optimizer that has trained nothing yet.

    Args:
        optimizer: A string, or a `keras.optimizers.Optimizer`.
    """
    if isinstance(optimizer, str):
        return keras.optimizers.get(optimizer)
    if not isinstance(optimizer, keras.optimizers.Optimizer):
        raise bad_type("optimizer", optimizer, "a Keras optimizer or its name")
    if optimizer.built:
        raise bad_value(
            "optimizer",
            optimizer,
            "one that has trained nothing yet: what it remembers belongs to "
            "other weights",
            "Make a new one, or pass its name.",
        )
    return optimizer


def train(
    training_model, encoder, optimizer, loss, metrics=(), **fit_arguments
):
    """Trains the encoder inside of a training model; returns the history.

    Whatever ends `fit`, the encoder is left with its last weights.

    Args:
        training_model: A `TrainingModel` around `encoder`.
        encoder: The `keras.Model` that is to be trained.
        optimizer: As `compile` takes it.
        loss: As `compile` takes it.
        metrics: As `compile` takes them. Defaults to none.
        **fit_arguments: As `fit` takes them.

    Returns:
        A `keras.callbacks.History` that keeps no model.

    Raises:
        ValueError: If nothing was trained.
    """
    kept = [(v, read_copies(v)) for v in encoder.variables]
    trained = {id(weight) for weight in encoder.trainable_weights}
    training_model.compile(optimizer, loss, metrics=list(metrics) or None)
    try:
        verbose = shown(fit_arguments.pop("verbose", "auto"))
        found = training_model.fit(**fit_arguments, verbose=verbose)
    finally:
        bring_variables_back(training_model, kept)
    _require_movement([pair for pair in kept if id(pair[0]) in trained])
    return _alone(found)


def _require_movement(kept):
    for variable, values in kept:
        for after, before in zip(read_copies(variable), values, strict=True):
            # A NaN that stays one has not moved.
            if not np.array_equal(after, before, equal_nan=True):
                return
    raise ValueError(
        "Expected that training changes weights of the encoder; it has "
        "changed none. There was no data, the learning rate is 0, or what is "
        "predicted does not depend on the encoder."
    )


def _alone(history):
    """Copies a history without the model that it belongs to."""
    alone = keras.callbacks.History()
    alone.history, alone.epoch = history.history, history.epoch
    alone.set_params(history.params)
    return alone
