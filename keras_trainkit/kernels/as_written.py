"""Numbers as a user wrote them, before they became float32."""

import numpy as np


def as_written(value):
    """Returns the shortest decimal number that float32 holds as `value`.

    A learning rate of 0.1 comes back as 0.10000000149, which is above 0.1.

    Args:
        value: A number, NumPy's or Python's.

    Returns:
        A float.

    Example:

    >>> from keras_trainkit.kernels.as_written import as_written
    >>> as_written(np.float32(0.1))
    0.1
    """
    return float(str(np.float32(value)))
