"""What is asked of a model before its variables are read."""

import keras

from keras_trainkit.backend.model.layers import is_built
from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value


def require_built(model):
    """Raises unless all that a model holds has its variables.

    Args:
        model: What was given as `model`.

    Raises:
        TypeError: If it is no model.
        ValueError: If a part of it is not built.
    """
    if not is_built(model):
        raise _not_built(model)


def require_weights(model):
    """Raises unless a model has weights.

    Parts of it that are not built yet, as one that is never called, are
    allowed.

    Args:
        model: What was given as `model`.

    Raises:
        TypeError: If it is no `keras.Model`.
        ValueError: If it has no weights, or none yet.
    """
    if not isinstance(model, keras.Model):
        raise bad_type("model", model, "a `keras.Model`")
    if not model.weights:
        raise _not_built(model)


def _not_built(model):
    return bad_value(
        "model",
        model.name,
        "built, that is have its variables",
        "Give it an `Input`, or call it on a batch of data first.",
    )
