"""Layers for which memory runs out, really, above a number of rows."""

import keras
import numpy as np

# Its square, in numbers for each row too many, is 256 TiB: no machine has the
# addresses for that, however much memory it promises.
SIDE = 2**23
ON_TENSORFLOW = keras.backend.backend() == "tensorflow"


class Hog(keras.layers.Layer):
    """Returns its inputs, or asks for too much in the compiled step.

    On TensorFlow it asks through NumPy: there an allocator tries for ten
    seconds before it gives up. The error is TensorFlow's own all the same.

    Args:
        most: Integer, up to how many rows there is enough.
    """

    def __init__(self, most):
        super().__init__()
        self.most = most

    def call(self, x):
        above = keras.ops.stop_gradient(x)[self.most :, 0]
        wanted = numpy_sum if ON_TENSORFLOW else device_sum
        return x + 0 * wanted(above)

    def compute_output_shape(self, input_shape):
        return input_shape


def device_sum(above):
    """Sums something enormous for each element, which has to be stored."""
    column = above[:, None, None] + keras.ops.zeros((SIDE, 1))
    stored = keras.ops.cumsum(column + keras.ops.zeros((SIDE,)), axis=1)
    return keras.ops.sum(stored)


def numpy_sum(above):
    import tensorflow as tf

    def asked(rows):
        return np.ones((SIDE * len(rows), SIDE), "float32").sum()

    total = tf.numpy_function(asked, [above], tf.float32)
    return tf.ensure_shape(total, ())


class HostHog(keras.layers.Layer):
    """The same in NumPy, at once, for steps that run eagerly.

    Args:
        most: Integer, up to how many rows there is enough.
        error: An exception to raise instead of asking for too much. Defaults
            to `None`.
    """

    def __init__(self, most, error=None):
        super().__init__()
        self.most = most
        self.error = error

    def call(self, x):
        if x.shape[0] is not None and x.shape[0] > self.most:
            if self.error is not None:
                raise self.error
            np.ones((SIDE, SIDE))
        return x

    def compute_output_shape(self, input_shape):
        return input_shape
