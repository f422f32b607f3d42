"""A convolution's kernel, and what is kept per channel, for other channels."""

import numpy as np


def kernel_for(kernel, channels):
    """Returns a kernel for another number of input channels.

    With c old and `channels` new ones, for `channels` = 1 the sum over the
    old ones: a grey image then gives what it gave when it was repeated in
    every channel. Else channel i is that of old channel i mod c, times
    c / channels, which keeps the scale of the outputs.

    Args:
        kernel: Array of shape `(*window, c, filters)`.
        channels: Number of input channels, at least 1.

    Returns:
        Array of float64.
    """
    kernel = np.asarray(kernel, "float64")
    old = kernel.shape[-2]
    if channels == 1:
        return kernel.sum(-2, keepdims=True)
    if channels == old:
        return kernel
    return kernel[..., np.arange(channels) % old, :] * (old / channels)


def values_for(values, channels):
    """Returns what is kept per channel, repeated for other channels.

    Args:
        values: Array of shape `(c,)`.
        channels: Number of channels.

    Returns:
        Array of shape `(channels,)`, or `None` where one channel stands for
        several that differ: no single value does the same.
    """
    values = np.asarray(values)
    if channels < len(values) and channels == 1 and np.ptp(values) > 0:
        return None
    return values[np.arange(channels) % len(values)]
