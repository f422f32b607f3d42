"""Pretraining by reconstruction."""

import functools

import keras
import numpy as np

from keras_trainkit.backend.devices.distribution import variable_scope
from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import read_by
from keras_trainkit.kernels.data_checks import require_data
from keras_trainkit.pretraining.corruption import MaskCorruption
from keras_trainkit.pretraining.encoders import input_shape_of
from keras_trainkit.pretraining.encoders import is_array
from keras_trainkit.pretraining.encoders import require_model
from keras_trainkit.pretraining.encoders import require_rows
from keras_trainkit.pretraining.encoders import require_trainable
from keras_trainkit.pretraining.mirrored_decoder import mirrored_decoder
from keras_trainkit.pretraining.training_models import Reconstruction
from keras_trainkit.pretraining.training_run import optimizer_from
from keras_trainkit.pretraining.training_run import require_fit_arguments
from keras_trainkit.pretraining.training_run import require_loss
from keras_trainkit.pretraining.training_run import train


def autoencode(
    encoder,
    x,
    decoder=None,
    corrupt=None,
    loss="mse",
    optimizer="adam",
    epochs=10,
    validation_data=None,
    **fit_arguments,
):
    """Trains `encoder` on unlabelled data, to a code that `x` follows from.

    For when labels are few and inputs are many: what the encoder learns about
    inputs need not be learnt from the labels. It is trained together with a
    decoder, and alone afterwards it is the lower part of a model for the task
    itself: `transfer.replace_head(encoder, head, drop=0)`, then
    `callbacks.FineTuning`.

    ```
    mean over rows of loss(x, decoder(encoder(corrupted(x))))
    ```

    Frozen layers of the encoder stay as they are. Its flags and whether it is
    compiled do not change, and it keeps nothing of the decoder. An exception
    or interrupt in `fit` leaves it with the weights of that moment.

    Args:
        encoder: A built `keras.Model` with one input and one output. It is
            trained in place.
        x: Inputs without labels: an array, or whatever else `fit` accepts
            (`tf.data.Dataset`, `PyDataset`, torch `DataLoader`). Labels that
            a dataset yields besides are not looked at.
        decoder: A layer or model from the encoder's output to its input
            shape; it is trained in place, too. Defaults to `None`:
            `mirrored_decoder(encoder)`, for Sequential and functional chains
            of dense and convolutional layers.
        corrupt: What the encoder gets instead of the inputs: `denoise()`,
            `mask()`, or a Keras layer that keeps the shape, such as
            `keras.layers.Dropout(0.5)`. Defaults to `None`: the inputs.
        loss: A Keras loss or its name. Under binary cross-entropy the
            mirrored decoder ends in a sigmoid. Defaults to `"mse"`.
        optimizer: A Keras optimizer that has trained nothing yet, or a name.
            Defaults to `"adam"`.
        epochs: Integer of at least 1. Defaults to 10.
        validation_data: Like `x`. Defaults to `None`.
        **fit_arguments: `batch_size`, `callbacks`, `sample_weight`,
            `shuffle`, `steps_per_epoch`, `validation_batch_size`,
            `validation_freq`, `validation_split`, `validation_steps`,
            `verbose`, as in `fit`. `sample_weight`, of as many rows as the
            array `x`, weighs the rows; a dataset yields its own.

    Returns:
        `encoder`, trained. Its attribute `history` is the
        `keras.callbacks.History` of this training.

    Raises:
        ValueError: If the encoder is not built, is frozen, or has several
            inputs or outputs; if it cannot be mirrored, or the decoder's
            output has another shape than `x`; if `corrupt`, `loss`,
            `optimizer` or `epochs` cannot be used; if training has changed
            no weight of the encoder.
        TypeError: If an argument is of another type, or unknown, or a
            subclassed encoder comes without a decoder.

    Example:

    >>> keras.utils.set_random_seed(0)
    >>> encoder = keras.Sequential(
    ...     [keras.Input((8,)), keras.layers.Dense(3, activation="tanh")]
    ... )
    >>> x = np.random.normal(size=(64, 8)).astype("float32")
    >>> same = ktk.pretraining.autoencode(encoder, x, epochs=2, verbose=0)
    >>> same is encoder, len(encoder.history.history["loss"])
    (True, 2)
    >>> model = ktk.transfer.replace_head(
    ...     encoder, keras.layers.Dense(1), drop=0
    ... )
    >>> model.output_shape
    (None, 1)

    Reference:

    - [Hinton and Salakhutdinov,
      2006](https://www.cs.toronto.edu/~hinton/absps/science_som.pdf)
    - [Vincent et al., 2010](https://jmlr.org/papers/v11/vincent10a.html)
    """
    require_fit_arguments(epochs, fit_arguments)
    require_model("encoder", encoder)
    require_trainable("encoder", encoder)
    require_loss(loss)
    if validation_data is not None:
        require_data("validation_data", validation_data)
    if is_array(validation_data):
        read_by(
            functools.partial(shape_of, encoder),
            "validation_data",
            validation_data,
            "rows like those of `x`",
        )
    shape = shape_of(encoder, x)
    require_corruption(corrupt, loss, shape)
    with variable_scope(encoder):
        if decoder is None:
            decoder = mirrored_decoder(encoder, ending_for(loss), shape)
        require_decoder(decoder, encoder)
        optimizer = optimizer_from(optimizer)
        model = Reconstruction(encoder, decoder, corrupt)
    if validation_data is not None:
        fit_arguments["validation_data"] = validation_data
    if fit_arguments.get("sample_weight") is not None and is_array(x):
        # Without targets `fit` leaves weights out:
        # keras/src/trainers/data_adapters/data_adapter_utils.py
        fit_arguments["y"] = x
    encoder.history = train(
        model, encoder, optimizer, loss, x=x, epochs=epochs, **fit_arguments
    )
    return encoder


def shape_of(encoder, x):
    """Returns the shape of one input: the data's, or else the encoder's.

    Returns:
        Tuple without the batch, or `None` where neither says it.
    """
    if is_array(x):
        require_rows("x", x, "")
        return input_shape_of(encoder, x.shape[1:])
    if isinstance(x, (list, tuple, dict)) or x is None:
        raise bad_type("x", x, "one array, or a dataset that `fit` accepts")
    return input_shape_of(encoder) if getattr(encoder, "inputs", None) else None


def require_corruption(corrupt, loss, shape):
    """Raises unless `corrupt` can be used on inputs of `shape`.

    Args:
        corrupt: A layer or `None`.
        loss: The loss that the reconstruction is measured by.
        shape: Tuple without the batch, or `None` where it is not known.
    """
    if corrupt is not None and not isinstance(corrupt, keras.Layer):
        raise bad_type(
            "corrupt",
            corrupt,
            "`denoise()`, `mask()` or a Keras layer",
            "A function goes into `keras.layers.Lambda`.",
        )
    if not isinstance(corrupt, MaskCorruption):
        return
    if shape is not None:
        corrupt.units_of(shape)
        if len(shape) == 1 and corrupt.loss_on == "masked":
            _require_mean_over_features(loss)


def require_decoder(decoder, encoder):
    """Raises unless `decoder` is a layer that is none of the encoder's."""
    if not isinstance(decoder, keras.Layer) or decoder is encoder:
        raise bad_type("decoder", decoder, "another model, or a layer")


def ending_for(loss):
    """Returns the activation that the mirrored decoder needs for a loss."""
    loss = keras.losses.get(loss)
    binary = keras.losses.BinaryCrossentropy
    if loss is keras.losses.binary_crossentropy:
        return "sigmoid"
    if isinstance(loss, binary) and not loss.get_config()["from_logits"]:
        return "sigmoid"
    return None


def _require_mean_over_features(loss):
    """Raises for a loss that is not made of one part for each feature."""
    found = keras.losses.get(loss)
    call = found.call if isinstance(found, keras.Loss) else found
    target = np.array([[0.2, 0.9, 0.4], [0.7, 0.1, 0.3]], "float32")
    predicted = target[::-1].copy()
    whole = keras.ops.convert_to_numpy(call(target, predicted))
    parts = call(target[..., None], predicted[..., None])
    mean = keras.ops.convert_to_numpy(parts).mean(axis=-1)
    if whole.shape != mean.shape or not np.allclose(whole, mean, 1e-4):
        raise bad_value(
            "loss",
            loss,
            "a mean over the features, such as 'mse', where only the masked "
            "ones count",
            "Pass `mask(..., loss_on='all')`.",
        )
