"""What mirrors one layer: from the shape behind it to the shape before it."""

import keras
import numpy as np

from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.mirrored_sizes import surplus
from keras_trainkit.kernels.mirrored_sizes import window
from keras_trainkit.layers import RReLU
from keras_trainkit.layers import SquaredReLU
from keras_trainkit.layers import Swish

layers = keras.layers

# They change nothing but while the encoder trains.
DROPPED = (
    layers.Dropout,
    layers.GaussianNoise,
    layers.GaussianDropout,
    layers.AlphaDropout,
    layers.ActivityRegularization,
    layers.Identity,
)
# They change no shape: the decoder has them where it comes by the same shape.
REPEATED = (
    layers.Activation,
    layers.ReLU,
    layers.LeakyReLU,
    layers.PReLU,
    layers.ELU,
    layers.Softmax,
    RReLU,
    SquaredReLU,
    Swish,
    layers.BatchNormalization,
    layers.LayerNormalization,
    layers.GroupNormalization,
    layers.UnitNormalization,
    layers.RMSNormalization,
)
DENSE = (layers.Dense,)
CONVOLUTIONS = (
    layers.Conv1D,
    layers.Conv2D,
    layers.Conv3D,
    layers.SeparableConv1D,
    layers.SeparableConv2D,
    layers.DepthwiseConv1D,
    layers.DepthwiseConv2D,
)
# A subclass of Conv2D in Keras, and no convolution that can be mirrored so.
TRANSPOSED = (
    layers.Conv1DTranspose,
    layers.Conv2DTranspose,
    layers.Conv3DTranspose,
)
POOLINGS = (
    layers.MaxPooling1D,
    layers.MaxPooling2D,
    layers.MaxPooling3D,
    layers.AveragePooling1D,
    layers.AveragePooling2D,
    layers.AveragePooling3D,
)
GLOBAL_POOLINGS = (
    layers.GlobalMaxPooling1D,
    layers.GlobalMaxPooling2D,
    layers.GlobalMaxPooling3D,
    layers.GlobalAveragePooling1D,
    layers.GlobalAveragePooling2D,
    layers.GlobalAveragePooling3D,
)
RESHAPED = (layers.Flatten, layers.Reshape)
PADDINGS = (layers.ZeroPadding1D, layers.ZeroPadding2D, layers.ZeroPadding3D)
CROPPINGS = (layers.Cropping1D, layers.Cropping2D, layers.Cropping3D)


def repeated(layer):
    """Returns new layers that do what a layer does besides its weights.

    Args:
        layer: A layer of the encoder: an activation or a normalisation, or
            one with an activation of its own.

    Returns:
        List of layers, each with weights of its own.
    """
    if isinstance(layer, REPEATED):
        config = {**layer.get_config(), "name": None, "trainable": True}
        return [type(layer).from_config(config)]
    activation = getattr(layer, "activation", None)
    if activation in (None, keras.activations.linear):
        return []
    return [layers.Activation(activation, dtype=layer.dtype_policy)]


def mirrored(layer, before, behind):
    """Returns new layers that lead from `behind` back to `before`.

    Args:
        layer: A layer of the encoder that changes the shape or has weights.
        before: The shape of its input, without the batch.
        behind: The shape of its output.

    Returns:
        List of layers, without activations.

    Raises:
        ValueError: If there is no rule for such a layer.
    """
    common = {"dtype": layer.dtype_policy}
    if isinstance(layer, DENSE):
        return [layers.Dense(before[-1], **_start(layer), **common)]
    if isinstance(layer, TRANSPOSED):
        raise _no_rule(layer)
    if isinstance(layer, CONVOLUTIONS):
        return _convolution(layer, before, behind, common)
    if isinstance(layer, POOLINGS):
        return _pooling(layer, before, behind, common)
    if isinstance(layer, GLOBAL_POOLINGS):
        return _global_pooling(layer, before, common)
    if isinstance(layer, RESHAPED):
        return [layers.Reshape(before, **common)]
    if isinstance(layer, layers.RepeatVector):
        return [_of_rank("GlobalAveragePooling", 1)(**common)]
    if isinstance(layer, layers.Permute):
        back = sorted(
            range(1, len(before) + 1), key=lambda i: layer.dims[i - 1]
        )
        return [layers.Permute(tuple(back), **common)]
    if isinstance(layer, layers.Rescaling):
        return _rescaling(layer, common)
    if isinstance(layer, PADDINGS):
        return _opposite(layer, "Cropping", layer.padding, common)
    if isinstance(layer, CROPPINGS):
        return _opposite(layer, "ZeroPadding", layer.cropping, common)
    raise _no_rule(layer)


def _convolution(layer, before, behind, common):
    rank = len(before) - 1
    channels, axes = _axes(layer, before)
    stride = _each(layer.strides, rank)
    dilation = _each(layer.dilation_rate, rank)
    kernel = _each(layer.kernel_size, rank)
    reach = tuple(map(window, kernel, dilation))
    common = {**common, **_data_format(layer, rank)}
    made = {"kernel_size": kernel, "data_format": layer.data_format}
    made |= {"use_bias": True, **_start(layer), **common}
    alone = (layer.padding, *set(stride)) == ("same", 1)
    if alone and all(size % 2 for size in reach):
        # Padding is as wide on both sides: a convolution is its own mirror.
        made |= {"padding": "same", "dilation_rate": dilation}
        return [_of_rank("Conv", rank)(channels, **made)]
    sizes, windows = (
        [shape[axis] for axis in axes] for shape in (before, behind)
    )
    cut = [
        surplus(size, count, wide, step, layer.padding)
        for size, count, wide, step in zip(
            sizes, windows, reach, stride, strict=True
        )
    ]
    return [
        *_transposed(rank, channels, stride, dilation, reach, made),
        *_fitted(rank, cut, common),
    ]


def _transposed(rank, channels, stride, dilation, reach, made):
    """Transposes a convolution without padding."""
    if set(dilation) == {1}:
        kind = _of_rank("Conv", rank, "Transpose")
        return [kind(channels, strides=stride, **made)]
    # Not every backend transposes a dilated kernel; it has no stride.
    padding = tuple((size - 1, size - 1) for size in reach)
    common = {name: made[name] for name in ("data_format", "dtype")}
    return [
        _of_rank("ZeroPadding", rank)(_as_given(padding), **common),
        _of_rank("Conv", rank)(channels, dilation_rate=dilation, **made),
    ]


def _pooling(layer, before, behind, common):
    rank = len(before) - 1
    _, axes = _axes(layer, before)
    stride = _each(layer.strides or layer.pool_size, rank)
    cut = [
        (0, behind[axis] * step - before[axis])
        for axis, step in zip(axes, stride, strict=True)
    ]
    common = {**common, **_data_format(layer, rank)}
    larger = _of_rank("UpSampling", rank)(_as_given(stride), **common)
    return [larger, *_fitted(rank, cut, common)]


def _global_pooling(layer, before, common):
    rank = len(before) - 1
    channels, axes = _axes(layer, before)
    ones = (1,) * rank
    first = layer.data_format == "channels_first"
    point = (channels, *ones) if first else (*ones, channels)
    sizes = tuple(before[axis] for axis in axes)
    larger = {**common, **_data_format(layer, rank)}
    return [
        layers.Reshape(point, **common),
        _of_rank("UpSampling", rank)(_as_given(sizes), **larger),
    ]


def _fitted(rank, cut, common):
    """Returns layers that cut off, or add where negative, so much."""
    less = tuple((before, max(behind, 0)) for before, behind in cut)
    more = tuple((0, max(-behind, 0)) for _, behind in cut)
    found = []
    if any(map(any, less)):
        found.append(_of_rank("Cropping", rank)(_as_given(less), **common))
    if any(map(any, more)):
        found.append(_of_rank("ZeroPadding", rank)(_as_given(more), **common))
    return found


def _rescaling(layer, common):
    scale, offset = np.asarray(layer.scale), np.asarray(layer.offset)
    if not scale.all():
        raise _no_rule(layer)
    back = (1 / scale).tolist(), (-offset / scale).tolist()
    return [layers.Rescaling(*back, **common)]


def _opposite(layer, kind, amount, common):
    rank = layer.input_spec.ndim - 2
    common = {**common, **_data_format(layer, rank)}
    return [_of_rank(kind, rank)(_as_given(amount), **common)]


def _axes(layer, shape):
    """Returns the number of channels, and the axes that are not theirs."""
    first = layer.data_format == "channels_first"
    if first and len(shape) == 2:
        # Keras crops and repeats sequences along the first axis only.
        raise _no_rule(layer)
    channels = shape[0] if first else shape[-1]
    return channels, range(1, len(shape)) if first else range(len(shape) - 1)


def _data_format(layer, rank):
    given = getattr(layer, "data_format", None)
    return {} if rank == 1 or given is None else {"data_format": given}


def _start(layer):
    """Returns the initializer, if it is one of those that suit any shape."""
    start = getattr(layer, "kernel_initializer", None)
    if not isinstance(start, keras.initializers.VarianceScaling):
        return {}
    config = {**start.get_config(), "seed": None}
    return {"kernel_initializer": type(start).from_config(config)}


def _each(value, rank):
    return tuple(value) if isinstance(value, (tuple, list)) else (value,) * rank


def _as_given(value):
    """One axis is not given as a tuple of one."""
    return value[0] if len(value) == 1 else value


def _of_rank(kind, rank, ending=""):
    return getattr(layers, f"{kind}{rank}D{ending}")


def _no_rule(layer):
    return bad_value(
        "encoder",
        f"a model with {type(layer).__name__} {layer.name!r}",
        "made of Dense, convolutions, pooling, Flatten, Reshape and layers "
        "that change no shape, where no decoder is given",
        "Pass a `decoder` of your own.",
    )
