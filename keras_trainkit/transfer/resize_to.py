"""A model that takes images of any size, at the scale in which they come."""

import keras

from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_choice
from keras_trainkit.kernels.argument_checks import require_integer
from keras_trainkit.kernels.argument_checks import require_number
from keras_trainkit.models.layer_tree import LayerTree
from keras_trainkit.transfer.own_scale import own_scale

_KINDS = ("bilinear", "nearest", "bicubic", "lanczos3", "lanczos5")
_EXAMPLES = (
    "Of keras.applications, MobileNet, MobileNetV2, Xception, InceptionV3, "
    "InceptionResNetV2, NASNet and ResNetV2 expect (-1, 1), VGG and ResNet "
    "'caffe', DenseNet 'torch', and ConvNeXt (0, 255)."
)
_UNIT, _BYTES = (0.0, 1.0), (0.0, 255.0)
# What ImageNet's pixels are normalised by: range, order of the channels, mean
# and standard deviation (keras/applications/imagenet_utils.py).
_MODES = {
    "caffe": (_BYTES, (2, 1, 0), (103.939, 116.779, 123.68), (1.0, 1.0, 1.0)),
    "torch": (_UNIT, (0, 1, 2), (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
}


def resize_to(
    model, scale=None, images=(0, 255), size=None, interpolation="bilinear"
):
    """Returns a model that brings images to what `model` was trained on.

    A network is trained on images of one size, with values in one range;
    others make no error, only bad predictions. The layers that bring images
    to both become part of the model, so that they are saved and deployed
    with it: a `Resizing`, and a `Rescaling` from the range of the images
    (a, b) to that of the model (c, d),

        y = (x - a) * (d - c) / (b - a) + c

    Args:
        model: A `keras.Model` with one image as its input. It is shared, not
            copied: training one of the two trains the other.
        scale: What the model expects. One of

            - A pair `(lowest, highest)`.
            - `"caffe"` or `"torch"`, which Keras calls so: RGB images in the
              order BGR with ImageNet's means subtracted, or normalised by
              ImageNet's means and standard deviations.
            - A callable that is applied to the resized images as they are.
            - `None`: as the `Rescaling` at the beginning of the model says,
              as in EfficientNet and MobileNetV3; an error if there is none.

            Defaults to `None`.
        images: Pair `(lowest, highest)`: the range of the images that will be
            given. Defaults to `(0, 255)`.
        size: Height and width that the model was trained on, an int or a
            pair. Defaults to `None`: those of its input, an error where it
            takes any.
        interpolation: `"bilinear"`, `"nearest"`, `"bicubic"`, `"lanczos3"` or
            `"lanczos5"`. Defaults to `"bilinear"`.

    Returns:
        A functional model, not compiled, that takes images of any size, all
        those of a batch of the same. What it does to them is done in float32,
        and rounded where the model takes integers.

    Raises:
        TypeError: For arguments of another type.
        ValueError: If the scale or the size is neither given nor known, or
            given unlike what the model says; if a range is empty; if the
            model's input is no image, or takes integers and another scale
            than (0, 255).

    Example:

    >>> model = keras.Sequential(
    ...     [
    ...         keras.Input((8, 8, 3)),
    ...         keras.layers.Conv2D(4, 3),
    ...         keras.layers.GlobalAveragePooling2D(),
    ...     ]
    ... )
    >>> deployed = ktk.transfer.resize_to(model, scale=(-1, 1))
    >>> photos = np.zeros((2, 20, 30, 3), "uint8")
    >>> deployed.predict(photos, verbose=0).shape
    (2, 4)
    """
    if not isinstance(model, keras.Model):
        raise bad_type("model", model, "a keras.Model")
    require_choice("interpolation", interpolation, _KINDS)
    images = _range("images", images)
    scale = _scale(model, scale, images)
    shape, dtype = _image_shape(model, size)
    data_format = _data_format(model)
    first = data_format == "channels_first"
    places = (2, 3) if first else (1, 2)
    height, width = _size(model, [shape[i] for i in places], size)
    open_shape = [None if i in places else n for i, n in enumerate(shape)]
    integers = keras.backend.is_int_dtype(dtype)
    if integers:
        _require_bytes(model, scale, dtype)
    inputs = keras.Input(
        batch_shape=tuple(open_shape),
        # Integers are no fractions.
        dtype="float32" if integers and images != _BYTES else dtype,
    )
    x = keras.layers.Resizing(
        height,
        width,
        interpolation,
        data_format=data_format,
        dtype="float32",
        name="resize",
    )(inputs)
    channel = next(i for i in (1, 2, 3) if i not in places)
    x = _brought_to(x, scale, images, channel)
    if integers and x.dtype != dtype:
        x = keras.ops.saturate_cast(keras.ops.round(x), dtype)
    return keras.Model(inputs, model(x), name=f"images_to_{model.name}")


def _require_bytes(model, scale, dtype):
    if scale != _BYTES and not callable(scale):
        raise bad_value(
            "scale",
            scale,
            f"(0, 255) for a model whose input is of dtype {dtype}: integers "
            "hold no other range of images",
            f"Give {model.name!r} an input of floats.",
        )


def _scale(model, scale, images):
    """Returns the scale that the model expects, as it is applied."""
    own, names = own_scale(model)
    if scale is None and own is None:
        there = f"It begins with {names}. " if names else ""
        raise bad_value(
            "scale",
            scale,
            "given where the model does not say what range it was trained on",
            there + _EXAMPLES,
        )
    if scale is None:
        return own
    if isinstance(scale, str):
        require_choice("scale", scale, tuple(_MODES))
    elif not callable(scale):
        scale = _range("scale", scale, ", a name or a callable")
    elif images != _BYTES:
        raise bad_value(
            "images",
            images,
            "left at its default where `scale` is a callable, which gets the "
            "images as they are",
        )
    if own is not None and scale != own:
        raise bad_value(
            "scale",
            scale,
            f"{own} for a model that brings these values to scale itself, by "
            f"{names}",
            "Leave `scale` out.",
        )
    return scale


def _brought_to(x, scale, images, channel):
    if callable(scale):
        return scale(x)
    if not isinstance(scale, str):
        return _rescaled(x, scale, images)
    if x.shape[channel] != 3:
        raise bad_value(
            "scale",
            scale,
            f"a pair or a callable for {x.shape[channel]} channels",
            "ImageNet's means are those of RGB images.",
        )
    values, order, mean, deviation = _MODES[scale]
    x = _rescaled(x, values, images)
    if order != (0, 1, 2):
        x = keras.ops.take(x, list(order), axis=channel)
    return keras.layers.Normalization(
        axis=channel,
        mean=list(mean),
        variance=[one * one for one in deviation],
        dtype="float32",
        name="normalize",
    )(x)


def _rescaled(x, scale, images):
    (a, b), (c, d) = images, scale
    if (a, b) == (c, d):
        return x
    factor = (d - c) / (b - a)
    return keras.layers.Rescaling(
        factor, c - a * factor, dtype="float32", name="rescale"
    )(x)


def _range(name, pair, more=""):
    expected = f"a pair (lowest, highest){more}"
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise bad_type(name, pair, expected)
    for value in pair:
        require_number(
            name,
            value,
            f"{expected} of finite numbers",
            lambda v: abs(v) < _INF,
        )
    lowest, highest = map(float, pair)
    if not lowest < highest:
        raise bad_value(name, pair, f"{expected} with lowest < highest")
    return lowest, highest


def _image_shape(model, size):
    """Returns the shape and dtype of the model's input."""
    tensors = keras.tree.flatten(getattr(model, "inputs", None) or [])
    if len(tensors) != 1 or len(tensors[0].shape) != 4:
        shapes = [tuple(tensor.shape) for tensor in tensors]
        raise bad_value(
            "model",
            model.name,
            "a Sequential or functional model with one input, batches of "
            f"images, not {shapes}",
            "Build a functional model from a subclassed one: "
            "`keras.Model(inputs, model(inputs))`.",
        )
    return tuple(tensors[0].shape), tensors[0].dtype


def _size(model, own, size):
    if size is None:
        if None in own:
            raise bad_value(
                "size",
                size,
                f"given for a model that takes images of any size, {own}",
                "Pass the size of the images that it was trained on.",
            )
        return own
    pair = size if isinstance(size, (tuple, list)) else (size, size)
    if len(pair) != 2:
        raise bad_type("size", size, "an int or a pair (height, width)")
    for value in pair:
        require_integer("size", value, least=1)
    pair = [int(value) for value in pair]
    unlike = [a for a, b in zip(own, pair, strict=True) if a not in (None, b)]
    if unlike:
        raise bad_value(
            "size", size, f"{own}, the size that {model.name!r} takes"
        )
    return pair


def _data_format(model):
    # Whichever of its layers has one: they do not differ.
    found = [
        layer.data_format
        for layer in LayerTree(model).layers
        if getattr(layer, "data_format", None) is not None
    ]
    return found[0] if found else keras.config.image_data_format()


_INF = float("inf")
