"""Activation functions, for the `activation` argument of any layer."""

import keras

from keras_trainkit.backend.model.tensors import computed_wide
from keras_trainkit.kernels import activations as kernels
from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import read_by

# The factor with which a sigmoid comes nearest to the normal distribution.
_NEAREST_TO_GELU = 1.702


@keras.saving.register_keras_serializable(package="keras_trainkit")
def swish(x, beta=1.0):
    """Swish with any `beta`.

    Keras's `"swish"` has `beta` 1, as this has by default. Use it with other
    numbers in code of your own; where `beta` is to be trained, or a model is
    to be saved with one other than 1, use `keras_trainkit.layers.Swish`.

    ```
    f(x) = x * sigmoid(beta * x)
    ```

    Args:
        x: Tensor of any shape. Integers become floats first.
        beta: Float, or tensor that broadcasts to `x`. 0 gives `x / 2`, large
            numbers approach ReLU. Defaults to `1.0`.

    Returns:
        Tensor with the shape of `x`.

    Example:

    >>> y = ktk.activations.swish(np.array([-2.0, 0.0, 2.0]), beta=3.0)
    >>> [round(float(value), 3) for value in y]
    [-0.005, 0.0, 1.995]

    Reference:

    - [Ramachandran et al., 2017](https://arxiv.org/abs/1710.05941)
    """
    x = _floats("x", x)
    if not isinstance(beta, (int, float)):
        beta = _floats("beta", beta)
    return computed_wide(lambda x: kernels.swish(x, beta), x)


@keras.saving.register_keras_serializable(package="keras_trainkit")
def quick_gelu(x):
    """GELU as a sigmoid approximates it: cheaper, and within 0.021 of it.

    Networks such as CLIP's were trained with it, and want the same again; a
    new network may have it where GELU is too slow.

    ```
    f(x) = x * sigmoid(1.702 * x)
    ```

    Args:
        x: Tensor of any shape. Integers become floats first.

    Returns:
        Tensor with the shape of `x`.

    Example:

    >>> layer = keras.layers.Dense(4, activation=ktk.activations.quick_gelu)
    >>> y = ktk.activations.quick_gelu(np.array([-1.0, 0.0, 1.0]))
    >>> [round(float(value), 3) for value in y]
    [-0.154, 0.0, 0.846]

    Reference:

    - [Hendrycks and Gimpel, 2016](https://arxiv.org/abs/1606.08415)
    """
    return swish(x, _NEAREST_TO_GELU)


@keras.saving.register_keras_serializable(package="keras_trainkit")
def squared_relu(x):
    """The square of ReLU.

    The activation that a search over transformers chose: next to the cost of
    ReLU, and as many exact zeros. It grows with the square, so use it behind
    normalisation. In float16 it is infinite from 256 on.

    ```
    f(x) = max(x, 0) ** 2
    ```

    Args:
        x: Tensor of any shape. Integers become floats first.

    Returns:
        Tensor with the shape of `x`.

    Example:

    >>> layer = keras.layers.Dense(4, activation=ktk.activations.squared_relu)
    >>> y = ktk.activations.squared_relu(np.array([-2.0, 0.0, 3.0]))
    >>> keras.ops.convert_to_numpy(y).tolist()
    [0.0, 0.0, 9.0]

    Reference:

    - [So et al., 2021](https://arxiv.org/abs/2109.08668)
    """
    return kernels.squared_relu(_floats("x", x))


def _floats(name, x):
    """Returns an argument as a tensor of floats."""
    tensor = read_by(kernels.as_float, name, x, "a tensor of real numbers")
    if not keras.backend.is_float_dtype(tensor.dtype):
        raise bad_type(name, x, "a tensor of real numbers")
    return tensor
