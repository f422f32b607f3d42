"""Mean and variance of all data from those of single samples."""

import keras
import numpy as np
from keras import ops

from keras_trainkit.kernels.moments import merged_moments


def sample_moments(inputs, mask, axis):
    """Returns the moments of every sample of a batch, for each channel.

    The mean is corrected by the mean of what is left after subtracting it, so
    that it is right to the last digits where float32 sums lose some.

    Args:
        inputs: Tensor of shape `(batch, ...)`.
        mask: `None`, or a tensor of the shape of `inputs` without its last
            axis, true where an element counts.
        axis: Integer, the axis of the channels.

    Returns:
        Tuple `(count, mean, squares)` of tensors of shape `(batch, channels)`:
        how many elements of a sample count, their mean, and their sum of
        squared deviations from it. With the channels along the first axis the
        shape is `(1, channels)`. Half precision is computed in float32.
    """
    axis = axis % len(inputs.shape)
    kept = {axis} if axis == 0 else {0, axis}
    others = tuple(i for i in range(len(inputs.shape)) if i not in kept)
    # Half precision would overflow; keras/src/layers/normalization/
    # batch_normalization.py computes in float32, too.
    x = ops.cast(inputs, keras.backend.result_type(inputs.dtype, "float32"))
    weights = ops.ones_like(x)
    if mask is not None:
        weights = ops.cast(ops.expand_dims(ops.cast(mask, "bool"), -1), x.dtype)
        weights = ops.broadcast_to(weights, ops.shape(x))
        # What is masked may be infinite.
        x = ops.where(weights > 0, x, 0.0)
    count = ops.sum(weights, others, keepdims=True)
    safe = ops.maximum(count, 1.0)
    mean = ops.sum(x * weights, others, keepdims=True) / safe
    mean = mean + ops.sum((x - mean) * weights, others, keepdims=True) / safe
    squares = ops.sum(ops.square(x - mean) * weights, others, keepdims=True)
    rows = 1 if axis == 0 else -1
    shape = (rows, -1 if axis == 0 else inputs.shape[axis])
    return tuple(ops.reshape(one, shape) for one in (count, mean, squares))


def pooled_moments(count, mean, squares):
    """Returns the moments of all samples of a batch together, in float64.

    ```
    n = sum_i n_i,   mean = sum_i n_i mean_i / n
    squares = sum_i (squares_i + n_i (mean_i - mean)**2)
    ```

    Args:
        count: Array of shape `(samples, channels)`.
        mean: Array of the same shape.
        squares: Array of the same shape.

    Returns:
        Tuple `(count, mean, squares)` of arrays of shape `(channels,)`.
    """
    count, mean, squares = (
        np.asarray(one, "float64") for one in (count, mean, squares)
    )
    total = count.sum(axis=0)
    safe = np.maximum(total, 1.0)
    pooled = (count * mean).sum(axis=0) / safe
    deviations = np.square(mean - pooled)
    return total, pooled, (squares + count * deviations).sum(axis=0)


class PopulationMoments:
    """Mean and variance over everything that was added, in float64.

    Attributes:
        moments: Tuple `(count, mean, squares)` of arrays of shape
            `(channels,)`, or `None` before anything was added.
    """

    def __init__(self):
        self.moments = None

    def add(self, count, mean, squares):
        """Adds the moments of samples, as `sample_moments` returns them."""
        batch = pooled_moments(count, mean, squares)
        if self.moments is None:
            self.moments = batch
            return
        # A channel of which nothing counts, as where all is masked.
        seen = np.maximum(batch[0], np.finfo("float64").tiny)
        self.moments = merged_moments(self.moments, (seen, *batch[1:]), np)

    def add_population(self, other):
        """Adds those of other data.

        Args:
            other: A `PopulationMoments`.
        """
        if other.moments is not None:
            self.add(*(one[None] for one in other.moments))

    @property
    def count(self):
        """The smallest number of elements of a channel."""
        return 0 if self.moments is None else float(self.moments[0].min())

    def finite(self):
        """Whether there are moments of every channel, and they are finite."""
        return self.count > 0 and bool(
            all(np.isfinite(one).all() for one in self.mean_and_variance())
        )

    def mean_and_variance(self):
        """Returns the mean and the variance, the mean of squared deviations."""
        count, mean, squares = self.moments
        return mean, squares / count
