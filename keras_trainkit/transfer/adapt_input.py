"""A pretrained model for images with other channels."""

import keras
import numpy as np

from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_integer
from keras_trainkit.kernels.input_channels import kernel_for
from keras_trainkit.kernels.input_channels import values_for
from keras_trainkit.models.copies import LayerCopies
from keras_trainkit.models.copies import carry_marks
from keras_trainkit.models.graph import graph_of
from keras_trainkit.transfer.input_stem import InputStem


def adapt_input(model, channels):
    """Returns a copy of `model` that takes another number of channels.

    Pretrained networks take RGB images; grey images, or spectral bands, have
    other channels. The first convolution is linear in the channels, so what
    it has learnt can be kept. Its kernel K, of c channels, becomes, for
    `channels` = 1,

        K'[..., 0, :] = sum over i of K[..., i, :]

    so that the function is what it was on a grey image repeated in c
    channels, and else

        K'[..., i, :] = K[..., i mod c, :] * c / channels

    which repeats the channels and keeps the scale of what comes out. All
    other layers, flags, dtypes and constraints stay as they are. The copy is
    not compiled, and `model` stays as it is.

    Args:
        model: A Sequential or functional model with one input, which one
            ordinary convolution (Keras's own class) reads; nested models are
            opened. Before it there may be what treats all channels alike:
            `Rescaling`, `Normalization` (what these keep per channel is
            repeated like the kernel), `Resizing`, padding, cropping, pooling,
            dropout, augmentation that does not mix colours, and arithmetic.
        channels: Number of channels, at least 1.

    Returns:
        A `keras.Sequential` for a Sequential model, else a functional one, of
        the same name.

    Raises:
        TypeError: If `model` is no graph of layers, or `channels` no integer.
        ValueError: If `channels` is less than 1; if the model has several
            inputs, or anything but one convolution without groups reads the
            input, such as a layer that mixes channels or one of your own; if
            one channel would stand for several that are normalised unlike
            each other; if a layer before the convolution needs the old
            channels.

    Example:

    >>> model = keras.Sequential(
    ...     [
    ...         keras.Input((8, 8, 3)),
    ...         keras.layers.Conv2D(4, 3),
    ...         keras.layers.GlobalAveragePooling2D(),
    ...     ]
    ... )
    >>> grey = ktk.transfer.adapt_input(model, 1)
    >>> image = np.random.default_rng(0).random((1, 8, 8, 1), "float32")
    >>> as_rgb = model.predict(image.repeat(3, axis=-1), verbose=0)
    >>> np.allclose(grey.predict(image, verbose=0), as_rgb, atol=1e-5)
    True

    Reference:

    - [Wightman, timm](https://huggingface.co/docs/timm/models), whose
      `in_chans` repeats and rescales in this way
    """
    require_integer("channels", channels, least=1)
    stem, channels = InputStem(model), int(channels)
    instead = {
        id(layer): new
        for layer in [stem.convolution, *stem.before]
        if (new := _instead_of(layer, stem, channels)) is not None
    }
    inputs = {
        id(one): _other_inputs(one, stem.axis, channels)
        for one in [model, *stem.nested]
    }
    copies = LayerCopies(instead, inputs)
    try:
        new = copies(model)
    except (ValueError, TypeError) as error:
        raise _needs_channels(stem, channels, str(error)) from error
    found = instead[id(stem.convolution)].kernel.shape[-2]
    if found != channels:
        reason = f"{found} channels arrive at the convolution."
        raise _needs_channels(stem, channels, reason)
    copies.carry_state()
    for layer in [stem.convolution, *stem.before]:
        if id(layer) in instead:
            _carry(layer, instead[id(layer)], channels)
    return new


def _instead_of(layer, stem, channels):
    """Returns the layer for other channels, or `None` where it may stay."""
    if layer is stem.convolution:
        return type(layer).from_config(layer.get_config())
    if isinstance(layer, keras.layers.Normalization):
        return _normalization(layer, stem, channels)
    if isinstance(layer, keras.layers.Rescaling):
        return _with_values(layer, ("scale", "offset"), channels)
    return None


def _normalization(layer, stem, channels):
    # `axis` is what it keeps apart; it counts the batch's axis, too.
    rank = stem.convolution.rank + 2
    apart = [axis % rank for axis in layer.axis]
    if not apart:
        return None
    if apart != [stem.axis]:
        raise bad_value(
            "model",
            layer.name,
            "a model whose Normalization keeps statistics per channel, or one "
            f"for all, not for the axes {layer.axis}",
        )
    for values in (layer.mean, layer.variance):
        _repeated(layer, keras.ops.convert_to_numpy(values).ravel(), channels)
    return _with_values(layer, ("mean", "variance"), channels)


def _with_values(layer, names, channels):
    config = layer.get_config()
    for name in names:
        values = config.get(name)
        if values is not None and np.ndim(values):
            flat = np.asarray(values).ravel()
            config[name] = _repeated(layer, flat, channels).tolist()
    return type(layer).from_config(config)


def _repeated(layer, values, channels):
    found = values_for(values, channels)
    if found is None:
        raise bad_value(
            "channels",
            channels,
            f"more than 1 where {layer.name!r} treats the channels unlike "
            f"each other, by {values.tolist()}",
            "No single channel does the same. Repeat a grey image in all "
            "channels before the model, or normalise the channels alike.",
        )
    return found


def _other_inputs(model, axis, channels):
    """Returns inputs as those of a graph, with another number of channels."""
    graph = graph_of(model)
    if len(graph.inputs) != 1:
        raise bad_value(
            "model", model.name, "nested models with one input where it reads"
        )

    def changed(tensor):
        shape = list(tensor.shape)
        shape[axis] = channels
        return keras.Input(
            batch_shape=tuple(shape), dtype=tensor.dtype, name=tensor.name
        )

    return keras.tree.map_structure(changed, graph.input)


def _carry(layer, new, channels):
    """Gives a layer for other channels the state of the one it replaces."""
    new.trainable = layer.trainable
    kernel = getattr(layer, "kernel", None)
    for old, copy in zip(layer.variables, new.variables, strict=True):
        value = keras.ops.convert_to_numpy(keras.ops.cast(old, "float32"))
        if old is kernel:
            value = kernel_for(value, channels)
        elif old.shape != copy.shape:
            value = values_for(value.ravel(), channels).reshape(copy.shape)
        copy.assign(value)
        carry_marks(old, copy)
    if isinstance(new, keras.layers.Normalization):
        new.finalize_state()


def _needs_channels(stem, channels, reason):
    return bad_value(
        "channels",
        channels,
        f"{stem.channels} where a layer before the convolution needs them: "
        f"{[one.name for one in stem.before]}",
        reason,
    )
