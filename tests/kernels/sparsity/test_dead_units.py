"""Kernels without some inputs and units, against direct sums."""

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from keras_trainkit.kernels.sparsity import dead_units

NAN = np.nan


def dense_of(kernel, groups):
    """A grouped 1x1 kernel as the full one, written out by loops."""
    rows, units = kernel.shape
    full = np.zeros((rows * groups, units))
    for u in range(units):
        group = u // (units // groups)
        for i in range(rows):
            full[group * rows + i, u] = kernel[i, u]
    return full


@pytest.mark.parametrize("groups", [1, 2, 3])
def test_groups_read_their_own_inputs(groups):
    kernel = np.random.default_rng(0).integers(-1, 2, (2, 6))
    full = dense_of(kernel, groups)
    np.testing.assert_array_equal(dead_units.reads(kernel, groups), full != 0)
    constants = np.arange(1.0, 2 * groups + 1)
    np.testing.assert_allclose(
        dead_units.weighted_sum(kernel, constants, groups), constants @ full
    )


@hypothesis.given(st.integers(0, 2**32 - 1), st.sampled_from([1, 2]))
@hypothesis.settings(max_examples=25, deadline=None)
def test_a_kept_kernel_computes_the_same_of_what_is_kept(seed, groups):
    draws = np.random.default_rng(seed)
    kernel = draws.normal(size=(3, 6))
    inputs = np.tile(draws.permutation([True, True, False]), groups)
    units = np.tile(draws.permutation([True, False, True]), 2)
    full = dense_of(kernel, groups)
    small = dead_units.kept_kernel(kernel, inputs, units, groups)
    np.testing.assert_array_equal(
        dense_of(small, groups), full[inputs][:, units]
    )


def test_a_window_adds_up():
    kernel = np.random.default_rng(0).normal(size=(3, 2, 4, 5))
    found = dead_units.weighted_sum(kernel, np.array([NAN, 2.0, NAN, -1.0]))
    expected = 2 * kernel[:, :, 1].sum((0, 1)) - kernel[:, :, 3].sum((0, 1))
    np.testing.assert_allclose(found, expected)


def test_separable_kernels_are_the_product_of_two():
    draws = np.random.default_rng(0)
    depthwise = draws.normal(size=(3, 2, 2)) * [[[1, 0], [1, 1]]]
    pointwise = draws.normal(size=(1, 4, 3))
    pointwise[0, 2:, 1] = 0
    full = np.einsum("wim,imu->wiu", depthwise, pointwise[0].reshape(2, 2, 3))
    found = dead_units.separable_reads(depthwise, pointwise)
    np.testing.assert_array_equal(found, (full != 0).any(0))
    constants = np.array([0.5, 2.0])
    np.testing.assert_allclose(
        dead_units.separable_sum(depthwise, pointwise, constants),
        np.einsum("wiu,i->u", full, constants),
    )


def test_a_constant_is_not_needed_nor_what_zero_weights_read():
    depends = np.array([[1, 0], [0, 1], [1, 1]], bool)
    found = dead_units.needed_inputs(
        depends, np.array([True, False]), np.array([False, False, True])
    )
    assert found.tolist() == [True, False, False]


@pytest.mark.parametrize(
    ("kept", "groups", "expected"),
    [
        ([0, 0, 0], 1, [0]),
        ([0, 1, 0], 1, []),
        ([1, 1, 0, 0], 2, [2, 3]),
        ([0, 1, 0, 0], 2, [2]),
        ([0, 0, 0, 0], 2, [0, 2]),
        ([1, 0, 0, 1], 2, []),
    ],
)
def test_groups_stay_equal_and_none_is_empty(kept, groups, expected):
    found = dead_units.missing_in_groups(np.array(kept, bool), groups)
    assert found.tolist() == expected
