"""Sizes of transposed convolutions, against windows counted by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_trainkit.kernels.mirrored_sizes import padded_before
from keras_trainkit.kernels.mirrored_sizes import surplus
from keras_trainkit.kernels.mirrored_sizes import transposed_size
from keras_trainkit.kernels.mirrored_sizes import window

AXES = st.tuples(
    st.integers(1, 30),
    st.integers(1, 7),
    st.integers(1, 4),
    st.sampled_from(["valid", "same", "causal"]),
)


def windows_of(size, reach, stride, padding):
    """TensorFlow's definition of how many windows there are."""
    if padding == "valid":
        return (size - reach) // stride + 1
    return -(-size // stride)


@pytest.mark.parametrize(
    "kernel, dilation, reach", [(1, 5, 1), (3, 1, 3), (3, 2, 5), (4, 3, 10)]
)
def test_how_far_a_kernel_reaches(kernel, dilation, reach):
    assert window(kernel, dilation) == reach


@given(AXES)
def test_what_is_left_is_the_size_there_was(axis):
    size, reach, stride, padding = axis
    windows = windows_of(*axis)
    if windows < 1:
        return
    before, after = surplus(size, windows, reach, stride, padding)
    assert transposed_size(windows, reach, stride) - before - after == size


@given(AXES)
def test_the_windows_begin_where_those_of_the_convolution_do(axis):
    size, reach, stride, padding = axis
    windows = windows_of(*axis)
    if windows < 1:
        return
    before, after = surplus(size, windows, reach, stride, padding)
    # Only "same" pads on both sides, and the lesser half comes first.
    reached = (windows - 1) * stride + reach
    padded = max(reached - size, 0)
    assert before == {"valid": 0, "causal": reach - 1}.get(padding, padded // 2)
    assert before >= 0
    assert before == padded_before(size, reach, stride, padding)
    # Zeros are added where no window has been, and nowhere else.
    uncovered = size - (reached - before)
    assert max(-after, 0) <= max(uncovered, 0)
