"""How long what mirrors a convolution gets, and what to cut off of it.

Along one axis. A transposed convolution without padding covers all that the
windows of the convolution cover, the padding too. What it has too much at both
ends is that padding; what it lacks at the end is what no window has covered.
"""


def window(kernel, dilation=1):
    """Returns how many elements a kernel reaches over."""
    return (kernel - 1) * dilation + 1


def padded_before(size, reach, stride, padding):
    """Returns how many zeros a convolution puts before its input.

    Args:
        size: How long the input is.
        reach: How many elements a window reaches over.
        stride: The step from window to window.
        padding: `"valid"`, `"same"` or `"causal"`.

    Example:

    >>> from keras_trainkit.kernels.mirrored_sizes import padded_before
    >>> padded_before(7, 3, 2, "same"), padded_before(8, 3, 2, "same")
    (1, 0)
    """
    if padding == "causal":
        return reach - 1
    if padding == "valid":
        return 0
    windows = -(-size // stride)
    return max((windows - 1) * stride + reach - size, 0) // 2


def transposed_size(windows, reach, stride):
    """Returns how long a transposed convolution without padding gets."""
    return windows * stride + max(reach - stride, 0)


def surplus(size, windows, reach, stride, padding):
    """Returns what to cut off before and after a transposed convolution.

    With it, and the same kernel, the transposed convolution is the adjoint
    of the convolution: `sum(conv(x) * y) == sum(x * transposed(y))`.

    Args:
        size: How long the input of the convolution is.
        windows: How long its output is.
        reach: As for `padded_before`.
        stride: As for `padded_before`.
        padding: As for `padded_before`.

    Returns:
        Two integers; where the second is negative, so many zeros are to be
        added at the end.

    Example:

    >>> from keras_trainkit.kernels.mirrored_sizes import surplus
    >>> surplus(8, 4, 3, 2, "same"), surplus(8, 3, 3, 2, "valid")
    ((0, 1), (0, -1))
    """
    before = padded_before(size, reach, stride, padding)
    return before, transposed_size(windows, reach, stride) - before - size
