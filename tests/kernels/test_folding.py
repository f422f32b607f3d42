"""Folded weights against layers and normalisation written out in NumPy."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings

from keras_trainkit.kernels import folding

ROWS, STEPS, WINDOW, CHANNELS = 2, 7, 3, 4


def draw(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape)


def batch_norm(x, mean, variance, epsilon, gamma=1.0, beta=0.0):
    return gamma * (x - mean) / np.sqrt(variance + epsilon) + beta


def conv(x, kernel, bias=0.0, groups=1):
    """A convolution over one axis, as sums over places."""
    inputs, filters = kernel.shape[1], kernel.shape[2]
    places = x.shape[1] - len(kernel) + 1
    y = np.zeros((len(x), places, filters))
    for f in range(filters):
        start = (f // (filters // groups)) * inputs
        for t in range(places):
            window = x[:, t : t + len(kernel), start : start + inputs]
            y[:, t, f] = (window * kernel[:, :, f]).sum((1, 2))
    return y + bias


def depthwise(x, kernel, bias=0.0):
    places, (_, inputs, times) = x.shape[1] - len(kernel) + 1, kernel.shape
    y = np.zeros((len(x), places, inputs * times))
    for c in range(inputs):
        for m in range(times):
            for t in range(places):
                window = x[:, t : t + len(kernel), c]
                y[:, t, c * times + m] = window @ kernel[:, c, m]
    return y + bias


def transposed(x, kernel, bias=0.0):
    y = np.zeros((len(x), x.shape[1] + len(kernel) - 1, kernel.shape[1]))
    for t in range(x.shape[1]):
        for k in range(len(kernel)):
            y[:, t + k] += x[:, t] @ kernel[k].T
    return y + bias


def statistics(seed, channels):
    rng = np.random.default_rng(seed)
    return {
        "mean": rng.normal(size=channels),
        "variance": rng.uniform(0.1, 3, channels),
        "epsilon": 1e-3,
        "gamma": rng.normal(size=channels),
        "beta": rng.normal(size=channels),
    }


@given(
    seed=st.integers(0, 2**32 - 1),
    channels=st.integers(1, 5),
    center=st.booleans(),
    scale=st.booleans(),
)
@settings(max_examples=30, deadline=None)
def test_the_map_is_batch_normalization(seed, channels, center, scale):
    numbers = statistics(seed, channels)
    if not center:
        del numbers["beta"]
    if not scale:
        del numbers["gamma"]
    a, b = folding.affine(**numbers)
    x = draw(seed, ROWS, channels)
    np.testing.assert_allclose(a * x + b, batch_norm(x, **numbers), atol=1e-9)


@pytest.mark.parametrize("biased", [True, False], ids=["bias", "no bias"])
@pytest.mark.parametrize("groups", [1, 2])
def test_convolution_takes_up_its_outputs(groups, biased):
    x = draw(0, ROWS, STEPS, CHANNELS)
    kernel = draw(1, WINDOW, CHANNELS // groups, 6)
    bias = draw(2, 6) if biased else None
    numbers = statistics(3, 6)
    new, added = folding.outputs_mapped(
        kernel, bias, *folding.affine(**numbers)
    )
    expected = batch_norm(
        conv(x, kernel, 0 if bias is None else bias, groups), **numbers
    )
    np.testing.assert_allclose(conv(x, new, added, groups), expected)


@pytest.mark.parametrize("biased", [True, False], ids=["bias", "no bias"])
@pytest.mark.parametrize("groups", [1, 2])
def test_convolution_takes_up_its_inputs(groups, biased):
    x = draw(0, ROWS, STEPS, CHANNELS)
    kernel = draw(1, WINDOW, CHANNELS // groups, 6)
    bias = draw(2, 6) if biased else None
    numbers = statistics(3, CHANNELS)
    new, added = folding.inputs_mapped(
        kernel, bias, *folding.affine(**numbers), groups
    )
    expected = conv(
        batch_norm(x, **numbers), kernel, 0 if bias is None else bias, groups
    )
    np.testing.assert_allclose(conv(x, new, added, groups), expected)


def test_dense_takes_up_both_sides():
    x, kernel, bias = draw(0, ROWS, 5), draw(1, 5, 3), draw(2, 3)
    before, behind = statistics(3, 5), statistics(4, 3)
    expected = batch_norm(batch_norm(x, **before) @ kernel + bias, **behind)
    kernel, bias = folding.inputs_mapped(
        kernel, bias, *folding.affine(**before)
    )
    kernel, bias = folding.outputs_mapped(
        kernel, bias, *folding.affine(**behind)
    )
    np.testing.assert_allclose(x @ kernel + bias, expected)


def test_depthwise_takes_up_both_sides():
    x, kernel = draw(0, ROWS, STEPS, CHANNELS), draw(1, WINDOW, CHANNELS, 2)
    bias = draw(2, CHANNELS * 2)
    before, behind = statistics(3, CHANNELS), statistics(4, CHANNELS * 2)
    expected = batch_norm(
        depthwise(batch_norm(x, **before), kernel, bias), **behind
    )
    kernel, bias = folding.depthwise_inputs_mapped(
        kernel, bias, *folding.affine(**before)
    )
    kernel, bias = folding.depthwise_outputs_mapped(
        kernel, bias, *folding.affine(**behind)
    )
    np.testing.assert_allclose(depthwise(x, kernel, bias), expected)


def test_separable_takes_up_its_inputs():
    x = draw(0, ROWS, STEPS, CHANNELS)
    first, second = draw(1, WINDOW, CHANNELS, 2), draw(2, 1, CHANNELS * 2, 3)
    numbers = statistics(3, CHANNELS)
    expected = conv(depthwise(batch_norm(x, **numbers), first), second)
    first, bias = folding.separable_inputs_mapped(
        first, second, None, *folding.affine(**numbers)
    )
    np.testing.assert_allclose(
        conv(depthwise(x, first), second, bias), expected
    )


def test_transposed_takes_up_outputs_and_a_scale():
    x, kernel = draw(0, ROWS, STEPS, CHANNELS), draw(1, WINDOW, 3, CHANNELS)
    numbers = statistics(2, 3)
    scale = draw(3, CHANNELS)
    expected = batch_norm(transposed(scale * x, kernel), **numbers)
    kernel = folding.transposed_inputs_scaled(kernel, scale)
    kernel, bias = folding.outputs_mapped(
        kernel, None, *folding.affine(**numbers), axis=-2
    )
    np.testing.assert_allclose(transposed(x, kernel, bias), expected)


# Letters of inputs, kernel and outputs, and the letter that is mapped.
OUTPUTS = {
    "heads": ("abc", "cde", "abde", "d"),
    "features": ("abc", "cde", "abde", "e"),
    "one axis each": ("abc", "bcd", "abd", "b"),
}
INPUTS = {
    "contracted": ("abc", "cde", "abde", "c"),
    "one of two contracted": ("abcd", "cde", "abe", "c"),
    "kept": ("abc", "bcd", "abd", "b"),
    "summed beside": ("abc", "cd", "ad", "c"),
}
SIZES = dict(zip("abcde", (2, 3, 4, 5, 6), strict=True))


def einsum_parts(letters):
    inputs, inner, _, label = letters
    sized = [
        draw(i, *(SIZES[one] for one in part))
        for i, part in enumerate((inputs, inner))
    ]
    numbers = statistics(7, SIZES[label])

    def along(part):
        return {
            name: value.reshape([-1 if one == label else 1 for one in part])
            if np.ndim(value)
            else value
            for name, value in numbers.items()
        }

    return *sized, numbers, along


@pytest.mark.parametrize("letters", OUTPUTS.values(), ids=OUTPUTS)
def test_einsum_takes_up_its_outputs(letters):
    inputs, inner, outer, label = letters
    x, kernel, numbers, along = einsum_parts(letters)
    equation = f"{inputs},{inner}->{outer}"
    bias = draw(5, *([1] * (len(outer) - 1)), SIZES[outer[-1]])
    expected = batch_norm(np.einsum(equation, x, kernel) + bias, **along(outer))
    kernel, bias = folding.einsum_outputs_mapped(
        letters[:3], kernel, bias, label, *folding.affine(**numbers)
    )
    np.testing.assert_allclose(
        np.einsum(equation, x, kernel) + bias, expected, atol=1e-12
    )


@pytest.mark.parametrize("letters", INPUTS.values(), ids=INPUTS)
def test_einsum_takes_up_its_inputs(letters):
    inputs, inner, outer, label = letters
    x, kernel, numbers, along = einsum_parts(letters)
    equation = f"{inputs},{inner}->{outer}"
    expected = np.einsum(equation, batch_norm(x, **along(inputs)), kernel)
    beside = [SIZES[one] for one in inputs if one not in inner + outer]
    kernel, bias = folding.einsum_inputs_mapped(
        letters[:3], kernel, None, label, *folding.affine(**numbers), beside
    )
    np.testing.assert_allclose(
        np.einsum(equation, x, kernel) + bias, expected, atol=1e-12
    )
