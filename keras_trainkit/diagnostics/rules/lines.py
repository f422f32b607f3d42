"""How findings name layers, and the lines of code in their fixes."""

import keras

# The argument that tells how large a layer is.
_SIZES = ("units", "filters", "rate", "depth_multiplier")
_NAMED = 3


def listed(paths):
    """Returns the names of layers as a reader takes them in.

    Args:
        paths: Sequence of strings.

    Returns:
        Such as `"a, b, c and 4 more"`.
    """
    paths = list(dict.fromkeys(paths))
    if len(paths) > _NAMED + 1:
        return f"{', '.join(paths[:_NAMED])} and {len(paths) - _NAMED} more"
    if len(paths) < 2:
        return "".join(paths)
    return f"{', '.join(paths[:-1])} and {paths[-1]}"


def layer_line(layer, **changes):
    """Returns the line that makes a layer anew with some arguments changed.

    Only what tells the layer from others is written.

    Args:
        layer: A `keras.Layer`.
        **changes: Arguments, and their values as code; `None` leaves one out.

    Returns:
        Such as `'Dense(64, kernel_initializer="he_normal")'`.
    """
    sizes = [
        str(getattr(layer, name))
        for name in _SIZES
        if getattr(layer, name, None) is not None and name not in changes
    ][:1]
    kernel = getattr(layer, "kernel_size", None)
    if sizes and isinstance(kernel, (tuple, list)):
        same = len(set(kernel)) == 1
        sizes.append(str(kernel[0] if same else tuple(kernel)))
    written = {"activation": _activation(layer)} | changes
    arguments = sizes + [
        f"{name}={value}"
        for name, value in written.items()
        if value is not None
    ]
    return f"{type(layer).__name__}({', '.join(arguments)})"


def _activation(layer):
    activation = getattr(layer, "activation", None)
    name = getattr(activation, "__name__", None)
    if activation in (None, keras.activations.linear) or name is None:
        return None
    known = callable(getattr(keras.activations, name, None))
    return f'"{name}"' if known else name
