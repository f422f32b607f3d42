"""What a model must be like to be trained without labels, and its data."""

import keras

from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_sequence


def require_model(name, model):
    """Raises unless `model` is a built model with one input and one output.

    Args:
        name: The argument that it came in.
        model: What was received.

    Raises:
        TypeError: If it is no `keras.Model`.
        ValueError: If it is not built, or has several inputs or outputs.
    """
    if not isinstance(model, keras.Model):
        raise bad_type(name, model, "a `keras.Model`")
    if not model.built:
        raise bad_value(
            name,
            model.name,
            "a model that is built",
            "Give it an `Input`, or call it on a batch of data first.",
        )
    for ends in ("inputs", "outputs"):
        count = len(getattr(model, ends, None) or [None])
        if count != 1:
            raise bad_value(
                name,
                model.name,
                f"a model with one of its {ends}, not {count}",
                "Make a part of it a model: `keras.Model(input, output)`.",
            )


def require_trainable(name, model):
    """Raises if `model` has nothing that could be trained."""
    if not model.trainable_weights:
        raise bad_value(
            name,
            model.name,
            "a model with trainable weights",
            "All of its layers are frozen, or have none: unfreeze what is to "
            "be pretrained.",
        )


def input_shape_of(model, given=None):
    """Returns the shape of a model's input, without the batch.

    Args:
        model: A built `keras.Model`.
        given: The shape where it is known from elsewhere. Defaults to `None`.

    Raises:
        ValueError: If both are known and do not fit, or none is.
    """
    own = getattr(model, "inputs", None)
    own = tuple(own[0].shape[1:]) if own else None
    if given is not None:
        require_sequence("input_shape", given, "a tuple of sizes")
    if given is None and own is None:
        raise bad_value(
            "input_shape", None, f"given for {model.name!r}, a subclassed model"
        )
    if own is None or given is None:
        return tuple(given or own)
    fits = len(own) == len(given) and all(
        mine in (None, theirs) for mine, theirs in zip(own, given, strict=True)
    )
    if not fits:
        raise bad_value(
            "input_shape", tuple(given), f"such as {model.name!r} takes: {own}"
        )
    return tuple(given)


def is_array(x):
    """Whether `x` is an array, or a tensor, with rows."""
    return bool(getattr(x, "shape", ())) and hasattr(x, "__getitem__")


def require_rows(name, x, why):
    """Raises unless `x` is one array with a row at least.

    Args:
        name: The argument that it came in.
        x: What was received.
        why: Why nothing else can be taken, for the error.
    """
    if not is_array(x):
        raise bad_type(name, x, "an array of inputs", why)
    if not x.shape[0]:
        raise bad_value(
            name, f"an array of shape {tuple(x.shape)}", "not empty"
        )
