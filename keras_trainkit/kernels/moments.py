"""Mean and variance of samples that come in chunks."""

from keras import ops


def chunk_moments(samples, weights, ops=ops):
    """Returns the moments of one chunk.

    Args:
        samples: Float tensor of shape `(chunk, ...)`.
        weights: Tensor of shape `(chunk,)` of the same dtype: 1 for each
            sample that counts, 0 for the others.
        ops: What computes, `keras.ops` or, for NumPy arrays, `numpy`.
            Defaults to `keras.ops`.

    Returns:
        Tuple `(count, mean, squares)`: the sum of the weights, the mean and
        the sum of squared deviations from it, both of shape `(...)`.
    """
    count = ops.sum(weights)
    mean = weighted_sum(samples, weights, ops) / count
    squares = weighted_sum(ops.square(samples - mean), weights, ops)
    return count, mean, squares


def weighted_sum(samples, weights, ops=ops):
    """Returns the sum over the first axis, each sample by its weight."""
    shape = (-1, *(1 for _ in samples.shape[1:]))
    return ops.sum(samples * ops.reshape(weights, shape), axis=0)


def merged_moments(one, other, ops=ops):
    """Returns the moments of two groups of samples together.

    ```
    n = n1 + n2,   d = mean2 - mean1
    mean = mean1 + d * n2 / n
    squares = squares1 + squares2 + d**2 * n1 * n2 / n
    ```

    No difference of large sums is taken, so float32 is enough for any number
    of samples and any mean.

    Args:
        one: Tuple `(count, mean, squares)`; the count may be 0.
        other: Another one, with a count above 0.
        ops: As for `chunk_moments`. Defaults to `keras.ops`.

    Returns:
        Tuple `(count, mean, squares)`.

    Reference:

    - [Chan, Golub and LeVeque, 1983](https://doi.org/10.2307/2683386)
    """
    count = one[0] + other[0]
    share = other[0] / count
    delta = other[1] - one[1]
    mean = one[1] + delta * share
    squares = one[2] + other[2] + ops.square(delta) * (one[0] * share)
    return count, mean, squares
