"""The weights of a linear layer that also does what stands beside it.

At inference, batch normalisation is an affine map of each channel,

    y = scale * x + shift,   scale = gamma / sqrt(variance + epsilon),
                             shift = beta - scale * mean

A linear layer in front of it takes it up on its outputs, one behind it on its
inputs. All is computed in float64; kernels are laid out as Keras's layers lay
theirs out. A bias of `None` is one of zeros, and what is returned has one.
"""

import numpy as np


def affine(mean, variance, epsilon, gamma=None, beta=None):
    """Returns `(scale, shift)` of batch normalisation at inference.

    Args:
        mean: Moving mean, one number a channel.
        variance: Moving variance.
        epsilon: What is added to the variance.
        gamma: Learned scale. Defaults to `None`: 1.
        beta: Learned shift. Defaults to `None`: 0.
    """
    scale = 1.0 / np.sqrt(_exact(variance) + float(epsilon))
    scale = scale if gamma is None else scale * _exact(gamma)
    shift = -scale * _exact(mean)
    return scale, shift if beta is None else shift + _exact(beta)


def outputs_mapped(kernel, bias, scale, shift, axis=-1):
    """Returns kernel and bias of a layer whose outputs are mapped.

    For `Dense` and convolutions, whose channels are the kernel's last axis;
    for transposed ones, where they are the last but one (`axis=-2`).
    """
    kernel, scale = _exact(kernel), _exact(scale)
    along = [1] * kernel.ndim
    along[axis] = -1
    return kernel * scale.reshape(along), _bias_mapped(bias, scale, shift)


def inputs_mapped(kernel, bias, scale, shift, groups=1):
    """Returns kernel and bias of a layer whose inputs are mapped.

    For `Dense` and convolutions: `kernel` is `(*window, inputs / groups,
    filters)`. The shift is right where each window lies within the inputs.
    """
    kernel = _exact(kernel)
    each = kernel.shape[-1] // groups
    # The filters of a group read that group's channels: (inputs, filters).
    scale, shift = (
        np.repeat(_exact(one).reshape(groups, -1).T, each, axis=1)
        for one in (scale, shift)
    )
    window = tuple(range(kernel.ndim - 1))
    added = (kernel * shift).sum(axis=window)
    return kernel * scale, _added(bias, added)


def transposed_inputs_scaled(kernel, scale):
    """Returns the kernel, `(*window, filters, inputs)`, for scaled inputs."""
    return _exact(kernel) * _exact(scale)


def depthwise_outputs_mapped(kernel, bias, scale, shift):
    """Returns kernel and bias: `kernel` is `(*window, inputs, multiplier)`."""
    kernel, scale = _exact(kernel), _exact(scale)
    mapped = kernel * scale.reshape(kernel.shape[-2:])
    return mapped, _bias_mapped(bias, scale, shift)


def depthwise_inputs_mapped(kernel, bias, scale, shift):
    """Returns kernel and bias for inputs that are mapped."""
    kernel = _exact(kernel)
    window = tuple(range(kernel.ndim - 2))
    added = (kernel * _exact(shift)[:, None]).sum(axis=window).ravel()
    return kernel * _exact(scale)[:, None], _added(bias, added)


def separable_inputs_mapped(depthwise, pointwise, bias, scale, shift):
    """Returns the depthwise kernel and the bias for mapped inputs.

    A separable convolution has one bias, behind its pointwise kernel.
    """
    depthwise, between = depthwise_inputs_mapped(depthwise, None, scale, shift)
    pointwise = _exact(pointwise)
    flat = pointwise.reshape(pointwise.shape[-2:])
    return depthwise, _added(bias, between @ flat)


def einsum_outputs_mapped(labels, kernel, bias, label, scale, shift):
    """Returns kernel and bias of an `EinsumDense` whose outputs are mapped.

    Args:
        labels: Triple of strings: the letters of inputs, kernel and outputs,
            ellipses left out.
        kernel: Its kernel.
        bias: Its bias with one axis for each letter of the outputs, of size 1
            where it has none, or `None`.
        label: The letter of the axis that is mapped; the kernel has it.
        scale: One number for each place of that axis.
        shift: The same.

    Returns:
        Pair of kernel and bias, the bias with one axis for each letter.
    """
    _, inner, outer = labels
    scale = _exact(scale)
    placed = _along(scale, label, outer)
    bias = np.zeros([1] * len(outer)) if bias is None else _exact(bias)
    return (
        _exact(kernel) * _along(scale, label, inner),
        bias * placed + _along(_exact(shift), label, outer),
    )


def einsum_inputs_mapped(labels, kernel, bias, label, scale, shift, sizes):
    """Returns the same of an `EinsumDense` whose inputs are mapped.

    Args:
        labels: As for `einsum_outputs_mapped`, and so on.
        kernel: Its kernel.
        bias: Its bias.
        label: A letter of the inputs that the kernel has.
        scale: One number for each place of that axis.
        shift: The same.
        sizes: Sizes of the axes of the inputs that are summed over though
            the kernel has none of them.
    """
    _, inner, outer = labels
    kernel = _exact(kernel)
    kept = "".join(one for one in outer if one in inner)
    added = np.einsum(f"{inner},{label}->{kept}", kernel, _exact(shift))
    added = added * float(np.prod(sizes, dtype="float64"))
    shape = [
        kernel.shape[inner.index(one)] if one in inner else 1 for one in outer
    ]
    bias = np.zeros([1] * len(outer)) if bias is None else _exact(bias)
    return (
        kernel * _along(_exact(scale), label, inner),
        bias + added.reshape(shape),
    )


def _along(values, label, letters):
    return values.reshape([-1 if one == label else 1 for one in letters])


def _bias_mapped(bias, scale, shift):
    return _added(None if bias is None else _exact(bias) * scale, shift)


def _added(bias, added):
    return _exact(added) if bias is None else _exact(bias) + _exact(added)


def _exact(values):
    return np.asarray(values, "float64")
