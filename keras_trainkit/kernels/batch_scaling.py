"""The learning rate for another batch size."""

import math

RULES = ("linear", "sqrt", None)


def scaled_rate(rate, batch_size, base_batch_size, rule):
    """Returns the learning rate for a batch size.

    With k = batch_size / base_batch_size: `rate * k` by `"linear"`, for SGD
    (Goyal et al., 2017); `rate * sqrt(k)` by `"sqrt"`, for optimizers that
    divide by the size of gradients (Malladi et al., 2022; Krizhevsky, 2014);
    `rate` by `None`.

    Args:
        rate: Float, the rate at `base_batch_size`.
        batch_size: Integer of at least 1.
        base_batch_size: Integer of at least 1.
        rule: One of `RULES`.
    """
    k = batch_size / base_batch_size
    return rate * {"linear": k, "sqrt": math.sqrt(k), None: 1.0}[rule]


def doublings(least, most):
    """Returns `least`, twice that, and so on, up to `most`."""
    sizes = [least]
    while 2 * sizes[-1] <= most:
        sizes.append(2 * sizes[-1])
    return sizes
