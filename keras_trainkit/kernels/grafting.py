"""The length of one optimizer's step for the direction of another's."""

from keras import ops

# Which divide by the root of an average of squares, which of a sum.
AVERAGING = ("adam", "rmsprop")
SUMMING = ("adagrad",)
KINDS = (*AVERAGING, *SUMMING, "sgd", None)

# Added to what a gradient is divided by, as in Keras's Adam.
_TINY = 1e-7


def familiar_step(kind, average, squares, share):
    """Returns the step of a familiar optimizer, at a learning rate of 1.

    ```
    sgd:                 m
    adagrad, rmsprop:    m / (sqrt(v) + 1e-7)
    adam:                m / (sqrt(v / share) + 1e-7)
    ```

    Args:
        kind: One of `KINDS` but `None`.
        average: Tensor m, the average of gradients.
        squares: Tensor v, the sum or average of their squares; `None` for
            `"sgd"`.
        share: Scalar, `1 - beta_2^t`: what an average holds by now.

    Returns:
        A tensor of the shape of `average`.
    """
    average = ops.convert_to_tensor(average)
    if kind == "sgd":
        return average
    squares = ops.convert_to_tensor(squares)
    mean = squares / share if kind == "adam" else squares
    return average / (ops.sqrt(mean) + _TINY)


def with_length_of(like, direction):
    """Returns a direction, made as long as `like`; `like` where it is zero.

    Example:

    >>> from keras_trainkit.kernels.grafting import with_length_of
    >>> like = np.array([0.0, 10.0], "float32")
    >>> np.array(with_length_of(like, np.array([3.0, 4.0], "float32")))
    array([6., 8.], dtype=float32)
    """
    like, direction = map(ops.convert_to_tensor, (like, direction))
    length, own = _norm(like), _norm(direction)
    ratio = length / ops.where(own > 0, own, ops.ones_like(own))
    return ops.where(own > 0, direction * ratio, like)


def _norm(x):
    return ops.sqrt(ops.sum(ops.square(x)))
