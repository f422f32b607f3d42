"""Activation functions as arithmetic: values in, values out."""

import math

import keras
from keras import ops

# Two slopes are cut out of each 32-bit draw: half the random numbers, and
# 65536 equally spaced slopes are finer than any training can tell apart.
_LEVELS = 2**16


def rrelu(x, slopes, unit=False):
    """Rectifies `x` with a slope of its own for each negative element.

    The arithmetic of the randomized leaky ReLU, for slopes that are already
    drawn; the layer that draws them is `keras_trainkit.layers.RReLU`. With
    one number for all elements it is the leaky ReLU.

    ```
    f(x) = x            if x > 0
    f(x) = slopes * x   otherwise
    ```

    The gradient is 1 for positive elements and the slope for all others, 0
    included, as in torch. A NaN stays a NaN. The product is formed in the
    wider dtype of the two and rounded to the dtype of `x` once.

    Args:
        x: Tensor of any shape. Integers become floats first.
        slopes: Finite float, or float tensor that broadcasts to `x`.
        unit: Set it where all slopes are known to lie in `[0, 1]`: this
            saves two passes over the tensor where no compiler fuses them
            (the torch backend). Defaults to `False`.

    Returns:
        Tensor with the shape of `x`, and its dtype where that is a float's.

    Example:

    >>> y = ktk.kernels.activations.rrelu([-8.0, -8.0, 2.0], [0.25, 0.5, 0.5])
    >>> np.array(keras.ops.convert_to_numpy(y)).tolist()
    [-2.0, -4.0, 2.0]

    Reference:

    - [Xu et al., 2015](https://arxiv.org/abs/1505.00853)
    """
    x = as_float(x)
    if isinstance(slopes, (int, float)):
        # A float16 slope would be rounded before it is used.
        dtype = keras.backend.result_type(x.dtype, "float32")
        slopes = ops.convert_to_tensor(slopes, dtype)
    slopes = ops.convert_to_tensor(slopes)
    dtype = keras.backend.result_type(x.dtype, slopes.dtype)
    slopes = ops.cast(slopes, dtype)
    # Multiplying by a factor, not `where(x > 0, x, slopes * x)`: on random
    # signs torch's `where` costs more on a CPU than all the rest, and only
    # the factor has to be kept for the backward pass.
    sign = ops.cast(ops.sign(ops.stop_gradient(x)), dtype)
    if unit:
        factor = ops.maximum(sign, slopes)
    else:
        positive = ops.maximum(sign, 0)
        factor = positive + (1 - positive) * slopes
    return ops.cast(ops.cast(x, dtype) * factor, x.dtype)


def slopes_from_bits(bits, shape, lower, upper, dtype="float32"):
    """Turns random bits into slopes, uniform between `lower` and `upper`.

    ```
    slope = lower + (upper - lower) * (k + 0.5) / 65536
    ```

    with one 16-bit number `k` for each slope, two of them in each element of
    `bits`. All slopes lie strictly inside the bounds, with the mean
    `(lower + upper) / 2`.

    Args:
        bits: int32 tensor of shape `(n, 1)`, uniform over all its values,
            with `2 * n` not less than the number of slopes.
        shape: Shape of the result.
        lower: Float, lower bound.
        upper: Float, upper bound, not less than `lower`.
        dtype: dtype of the result, `"float32"` (the default) or `"float64"`:
            in 16 bits the step between two slopes would be lost.

    Returns:
        Tensor of slopes.

    Example:

    >>> bits = keras.ops.zeros((2, 1), "int32")
    >>> s = ktk.kernels.activations.slopes_from_bits(bits, (3,), 0.0, 2.0)
    >>> [round(float(v), 4) for v in keras.ops.convert_to_numpy(s)]
    [1.0, 1.0, 1.0]
    """
    # The last axis is 1 because `ops.view` wants it static on TensorFlow.
    numbers = ops.reshape(ops.view(bits, "int16"), (-1,))
    numbers = numbers[: math.prod(shape)]
    step = (upper - lower) / _LEVELS
    middle = (lower + upper) / 2 + step / 2
    return ops.reshape(ops.cast(numbers, dtype) * step + middle, shape)


def swish(x, beta=1.0):
    """Returns `x * sigmoid(beta * x)`, elementwise.

    `beta` says how sharp the bend is: 0 gives `x / 2`, 1 SiLU, 1.702 a cheap
    GELU, and large values ReLU.

    Args:
        x: Tensor of any shape. Integers become floats first.
        beta: Finite float, or float tensor that broadcasts to `x`. Defaults
            to `1.0`.

    Returns:
        Tensor with the shape of `x`, and its dtype where that is a float's.

    Example:

    >>> y = ktk.kernels.activations.swish([-2.0, 0.0, 2.0], beta=0.0)
    >>> np.array(keras.ops.convert_to_numpy(y)).tolist()
    [-1.0, 0.0, 1.0]

    Reference:

    - [Ramachandran et al., 2017](https://arxiv.org/abs/1710.05941)
    """
    x = as_float(x)
    if isinstance(beta, (int, float)) and beta == 1:
        return ops.silu(x)
    # Not `silu(beta * x) / beta`: in 16 bits `beta * x` overflows, and SiLU of
    # -inf is a NaN.
    if not isinstance(beta, (int, float)):
        beta = ops.cast(beta, x.dtype)
    return x * ops.sigmoid(beta * x)


def squared_relu(x):
    """Returns `max(x, 0) ** 2`, elementwise.

    Args:
        x: Tensor of any shape. Integers become floats first.

    Returns:
        Tensor with the shape of `x`, and its dtype where that is a float's.

    Example:

    >>> y = ktk.kernels.activations.squared_relu([-2.0, 0.0, 3.0])
    >>> np.array(keras.ops.convert_to_numpy(y)).tolist()
    [0.0, 0.0, 9.0]

    Reference:

    - [So et al., 2021](https://arxiv.org/abs/2109.08668)
    """
    return ops.square(ops.relu(as_float(x)))


def as_float(x):
    """Returns `x` as a tensor of floats: integers become those of Keras."""
    x = ops.convert_to_tensor(x)
    if keras.backend.is_float_dtype(x.dtype):
        return x
    return ops.cast(x, keras.backend.result_type(x.dtype, float))
