"""What makes the scores of two searches for the depth comparable."""

import hashlib

import keras
import numpy as np


def training_settings(model, weights):
    """Returns how a model is trained, and from what, as JSON can hold it.

    Args:
        model: A compiled `keras.Model`.
        weights: List of its pretrained weights, which runs reuse. The others
            are drawn anew: of these only the shapes count.
    """
    optimizer = model.optimizer
    loss = keras.tree.map_structure(_serialized, model.loss)
    return {
        "loss": _plain(loss),
        "optimizer": [type(optimizer).__name__, _plain(optimizer.get_config())],
        "shapes": _digest(str(tuple(one.shape)) for one in model.weights),
        "pretrained": _digest(map(_bytes, weights)),
    }


def _serialized(loss):
    known = loss is None or isinstance(loss, str)
    return loss if known else keras.saving.serialize_keras_object(loss)


def _plain(value):
    """Returns a configuration as JSON gives it back, without names."""
    if isinstance(value, dict):
        # Keras counts the optimizers of a process in their names.
        kept = {k: v for k, v in value.items() if k != "name"}
        return {str(key): _plain(one) for key, one in kept.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if hasattr(value, "tolist"):
        return value.tolist()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return type(value).__name__


def _bytes(variable):
    # The same on all backends, of which some have no NumPy bfloat16.
    value = keras.ops.cast(variable, "float32")
    return np.asarray(keras.ops.convert_to_numpy(value)).tobytes()


def _digest(parts):
    found = hashlib.sha256()
    for part in parts:
        found.update(part.encode() if isinstance(part, str) else part)
    return found.hexdigest()[:16]
