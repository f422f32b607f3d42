"""Layers through which an affine map of each channel can be moved."""

import keras

from keras_trainkit.batch_norm.folding.channel_map import NotFoldable

_LAYERS = keras.layers
# At inference these return what they are given.
_SAME = (
    _LAYERS.ActivityRegularization,
    _LAYERS.AlphaDropout,
    _LAYERS.Dropout,
    _LAYERS.GaussianDropout,
    _LAYERS.GaussianNoise,
    _LAYERS.Identity,
    _LAYERS.SpatialDropout1D,
    _LAYERS.SpatialDropout2D,
    _LAYERS.SpatialDropout3D,
)
# These choose values of a channel, or average them.
_CHOOSING = (
    _LAYERS.Cropping1D,
    _LAYERS.Cropping2D,
    _LAYERS.Cropping3D,
    _LAYERS.UpSampling1D,
    _LAYERS.UpSampling2D,
    _LAYERS.UpSampling3D,
)
_AVERAGING = (
    _LAYERS.AveragePooling1D,
    _LAYERS.AveragePooling2D,
    _LAYERS.AveragePooling3D,
)
_LARGEST = (
    _LAYERS.MaxPooling1D,
    _LAYERS.MaxPooling2D,
    _LAYERS.MaxPooling3D,
)
_GLOBAL_AVERAGE = (
    _LAYERS.GlobalAveragePooling1D,
    _LAYERS.GlobalAveragePooling2D,
    _LAYERS.GlobalAveragePooling3D,
)
_GLOBAL_LARGEST = (
    _LAYERS.GlobalMaxPooling1D,
    _LAYERS.GlobalMaxPooling2D,
    _LAYERS.GlobalMaxPooling3D,
)
_PADDING = (
    _LAYERS.ZeroPadding1D,
    _LAYERS.ZeroPadding2D,
    _LAYERS.ZeroPadding3D,
)
_INTERPOLATIONS = (None, "nearest", "bilinear")


def moved_back(layer, mapping, shapes):
    """Returns the map in front of a layer that equals `mapping` behind it.

    Args:
        layer: A layer or operation, called on one tensor.
        mapping: A `ChannelMap`.
        shapes: Pair of its input's and its output's shape.

    Raises:
        NotFoldable: If there is none.
    """
    kind = type(layer)
    if kind in (*_GLOBAL_AVERAGE, *_GLOBAL_LARGEST):
        inside, outside = _global_axes(layer, shapes)
        _require_axis(layer, mapping, outside)
        _require_rising(layer, mapping)
        return mapping.at(inside)
    return _kept(layer, mapping, shapes)


def moved_on(layer, mapping, shapes):
    """Returns the map behind a layer that equals `mapping` in front of it.

    The arguments and errors are those of `moved_back`.
    """
    kind = type(layer)
    if kind is _LAYERS.Flatten:
        return _flattened(layer, mapping, shapes[0])
    if kind in (*_GLOBAL_AVERAGE, *_GLOBAL_LARGEST):
        inside, outside = _global_axes(layer, shapes)
        _require_axis(layer, mapping, inside)
        _require_rising(layer, mapping)
        return mapping.at(outside)
    return _kept(layer, mapping, shapes)


def _kept(layer, mapping, shapes):
    kind = type(layer)
    if kind in _SAME:
        return mapping
    if kind is _LAYERS.Activation and is_linear(layer):
        return mapping
    if kind in _PADDING and mapping.shift.any():
        raise NotFoldable(
            f"{layer.name!r} pads with zeros in between, and its shift is not 0"
        )
    fits = (
        kind in _PADDING
        or (kind in _CHOOSING and _interpolates_evenly(layer))
        or (kind in _AVERAGING and layer.padding == "valid")
        or kind in _LARGEST
    )
    if not fits:
        raise NotFoldable(f"the {kind.__name__} {layer.name!r} is in between")
    _require_axis(layer, mapping, channel_axis(layer, len(shapes[0])))
    _require_rising(layer, mapping)
    return mapping


def is_linear(layer):
    """Whether the activation of a layer is the identity."""
    activation = getattr(layer, "activation", None)
    return activation is None or activation is keras.activations.linear


def channel_axis(layer, rank):
    """Returns the axis of the channels of a convolution or pooling layer."""
    first = getattr(layer, "data_format", None) == "channels_first"
    return 1 if first else rank - 1


def _interpolates_evenly(layer):
    return getattr(layer, "interpolation", None) in _INTERPOLATIONS


def _global_axes(layer, shapes):
    inside = channel_axis(layer, len(shapes[0]))
    return inside, inside if len(shapes[1]) == len(shapes[0]) else 1


def _require_axis(layer, mapping, axis):
    if mapping.axis != axis:
        raise NotFoldable(
            f"its axis {mapping.axis} is not that of the channels of "
            f"{layer.name!r}, {axis}"
        )


def _require_rising(layer, mapping):
    largest = type(layer) in (*_LARGEST, *_GLOBAL_LARGEST)
    if largest and (mapping.scale < 0).any():
        raise NotFoldable(
            f"{layer.name!r} in between takes the largest, and its scale is "
            "negative for some channels"
        )


def _flattened(layer, mapping, shape):
    last = mapping.axis == len(shape) - 1
    if len(shape) > 2 and layer.data_format == "channels_first":
        last = False  # It moves the channels behind the places first.
    if not last or None in shape[1:]:
        raise NotFoldable(
            f"{layer.name!r} in between mixes its axis with others whose "
            "order or size is not plain"
        )
    times = 1
    for size in shape[1:-1]:
        times *= size
    return mapping.repeated(times, axis=1)
