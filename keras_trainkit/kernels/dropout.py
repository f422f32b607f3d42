"""Dropout by comparing 16-bit random numbers with a threshold."""

from keras_trainkit.kernels.argument_checks import bad_value

LEVELS = 2**16


def threshold(rate):
    """Returns how many of the 65536 values of 16 bits drop an element.

    The rate that is used is a multiple of 1/65536: at most 2**-17 = 7.7e-6
    from the one that was asked for, or up to 1.6e-5 where rounding would
    drop nothing or everything.

    Args:
        rate: Float in [0, 1].

    Returns:
        Integer in [0, 65536]; 0 and 65536 only for the rates 0 and 1.
    """
    rounded = round(rate * LEVELS)
    if 0 < rate < 1:
        return min(max(rounded, 1), LEVELS - 1)
    return rounded


def used_rate(rate):
    """Returns the rate that a comparison with `threshold(rate)` has."""
    return threshold(rate) / LEVELS


def alpha_affine(rate):
    """Returns what alpha dropout puts in place of dropped elements.

    ```
    y = a * (x * keep + s * (1 - keep)) + b,    keep ~ Bernoulli(1 - rate)
    s = -1.7581,  a = ((1 - rate) * (1 + rate * s**2)) ** -0.5
    b = -a * s * rate
    ```

    Args:
        rate: Float in [0, 1).

    Returns:
        Tuple `(a, b, dropped)` of floats: kept elements become `a * x + b`,
        others `dropped = a * s + b`.
    """
    saturation = -1.6732632423543772 * 1.0507009873554805
    a = ((1 - rate) * (1 + rate * saturation**2)) ** -0.5
    b = -a * saturation * rate
    return a, b, a * saturation + b


def mask_shape(noise_shape, shape):
    """Returns the shape of the mask that is broadcast to the inputs.

    As in Keras, each `None` stands for the size of the inputs' axis at its
    place, counted from the first one, and the mask is aligned with the
    inputs' last axes: `(None, 1)` has the rows' axis only for two axes.

    Args:
        noise_shape: Sequence of integers and `None`, no longer than `shape`,
            or `None` for a mask of the inputs' own shape.
        shape: Tuple, the shape of the inputs.

    Returns:
        Tuple.

    Raises:
        ValueError: If a mask of this shape cannot be broadcast to the inputs.
    """
    if noise_shape is None:
        return tuple(shape)
    fits = len(noise_shape) <= len(shape)
    if fits:
        pairs = zip(noise_shape, shape, strict=False)
        mask = tuple(n if given is None else given for given, n in pairs)
        last = shape[len(shape) - len(mask) :]
        fits = all(map(_broadcasts, mask, last))
    if not fits:
        raise bad_value(
            "noise_shape",
            tuple(noise_shape),
            f"such that a mask of it can be broadcast to {tuple(shape)}, the "
            "shape of the inputs",
        )
    return mask


def _broadcasts(size, to):
    # TensorFlow may know a size in the running graph only.
    known = isinstance(size, int) and isinstance(to, int)
    return size == 1 or size == to if known else True
