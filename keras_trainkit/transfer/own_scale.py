"""The range of images that a model's own preprocessing is made for."""

import keras
import numpy as np

from keras_trainkit.models.graph import Steps
from keras_trainkit.models.graph import graph_of
from keras_trainkit.transfer.channelwise import keeps_range

# Ends of the ranges that images come in.
_HIGHEST = (255.0, 1.0)
# EfficientNetV2 divides by 128.
_TOLERANCE = 0.01


def own_scale(model):
    """Returns the range of values that a model brings to scale itself.

    It does if a `Rescaling` behind its input maps 0 to 255, or 0 to 1, onto
    0 to 1 or -1 to 1, and before it nothing changes the range: there are only
    padding, cropping, resizing, augmentation and the like.

    Args:
        model: A `keras.Model`.

    Returns:
        Tuple `(range, names)`: the lowest and highest value, or `None` where
        it cannot be told, and the names of the preprocessing layers.
    """
    if graph_of(model) is None:
        return None, []
    found = _preprocessing(model)
    first = found[0] if found else None
    scaled = isinstance(first, keras.layers.Rescaling)
    return _range_of(first) if scaled else None, [one.name for one in found]


def _preprocessing(model):
    """Returns the layers that scale what comes in, in order."""
    passed_on, found = {0}, []
    for step in Steps(model).steps:
        if passed_on.isdisjoint(step.inputs[step.for_masks :]):
            continue
        layer = step.operation
        kinds = (keras.layers.Rescaling, keras.layers.Normalization)
        if isinstance(layer, kinds):
            found.append(layer)
        elif layer is not None and not keeps_range(layer):
            continue
        passed_on.update(step.outputs)
    return found


def _range_of(rescaling):
    if np.ndim(rescaling.scale) or np.ndim(rescaling.offset):
        return None
    lowest = float(rescaling.offset)
    for highest in _HIGHEST:
        top = highest * float(rescaling.scale) + lowest
        if lowest in (0.0, -1.0) and abs(top - 1.0) < _TOLERANCE:
            return (0.0, highest)
    return None
