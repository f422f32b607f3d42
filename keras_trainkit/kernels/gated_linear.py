"""Gated linear units as arithmetic: one half of an axis gates the other."""

import keras
from keras import ops

from keras_trainkit.kernels.argument_checks import bad_value

GATES = ("sigmoid", "swish", "gelu", "relu", "linear")
_FUNCTIONS = {
    "swish": ops.silu,
    # Not `ops.gelu`, which approximates by default; activations do not.
    "gelu": keras.activations.gelu,
    "relu": ops.relu,
    "linear": lambda x: x,
}


def gated(x, gate="sigmoid", axis=-1):
    """Multiplies the first half of an axis by a function of the second.

    ```
    a, b = split(x, 2, axis)
    y = a * gate(b)
    ```

    Args:
        x: Float tensor.
        gate: `"sigmoid"` (the default), `"swish"`, `"gelu"` (exact),
            `"relu"` or `"linear"`.
        axis: The axis, which is halved. Defaults to the last one.

    Returns:
        Tensor of the dtype of `x`.

    Example:

    >>> y = ktk.kernels.gated_linear.gated(np.array([3.0, 0.0]))
    >>> keras.ops.convert_to_numpy(y).tolist()
    [1.5]

    Reference:

    - [Dauphin et al., 2017](https://arxiv.org/abs/1612.08083)
    - [Shazeer, 2020](https://arxiv.org/abs/2002.05202)
    """
    x = ops.convert_to_tensor(x)
    # On TensorFlow `ops.glu` needs a static size (backend/tensorflow/nn.py).
    if gate == "sigmoid" and x.shape[axis] is not None:
        return ops.glu(x, axis=axis)
    values, gates = ops.split(x, 2, axis=axis)
    function = ops.sigmoid if gate == "sigmoid" else _FUNCTIONS[gate]
    return values * function(gates)


def halved(shape, axis):
    """Returns a shape with one axis halved.

    Args:
        shape: Tuple of integers, `None` where a size is not known.
        axis: The axis.

    Returns:
        Tuple.

    Raises:
        ValueError: If the size of the axis is odd.

    Example:

    >>> ktk.kernels.gated_linear.halved((None, 8, 6), -1)
    (None, 8, 3)
    """
    size = shape[axis]
    if size is not None and size % 2:
        raise bad_value(
            "inputs",
            tuple(shape),
            f"of an even size along axis {axis}, one half of which gates the "
            "other",
            "Make the layer before twice as wide as the result, or give "
            "`units`.",
        )
    place = axis % len(shape)
    half = None if size is None else size // 2
    return (*shape[:place], half, *shape[place + 1 :])
