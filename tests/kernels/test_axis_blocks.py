"""Blocks of axes against NumPy slices."""

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from keras_trainkit.kernels.axis_blocks import blocks_of
from keras_trainkit.kernels.axis_blocks import multiplied
from keras_trainkit.kernels.axis_blocks import products
from keras_trainkit.kernels.axis_blocks import without_units
from tests.helpers import shampoo_oracle
from tests.helpers.arrays import to_numpy

SHAPES = st.lists(st.integers(1, 7), min_size=1, max_size=4).map(tuple)


@given(SHAPES, st.integers(1, 9))
@pytest.mark.one_backend
def test_blocks_cover_the_axis_with_less_than_one_to_spare(shape, size):
    for blocks, length in zip(blocks_of(shape, size), shape, strict=True):
        assert blocks.length == length
        assert blocks.side <= size
        assert 0 <= blocks.count * blocks.side - length < blocks.count
        assert (blocks.count - 1) * size < length


@given(SHAPES)
@pytest.mark.one_backend
def test_axes_of_one_are_left_out(shape):
    left = without_units(shape)
    assert np.prod(left) == np.prod(shape)
    assert left == (1,) or min(left) > 1


def padded(matrices, side):
    return np.stack(
        [np.pad(m, [(0, side - len(m))] * 2) for m in matrices]
    ).astype("float32")


@given(SHAPES, st.integers(1, 9), st.integers(0, 99))
@settings(max_examples=25)
@pytest.mark.one_backend
def test_each_block_is_multiplied_by_its_own_matrix(shape, size, seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=shape).astype("float32")
    for blocks in blocks_of(shape, size):
        parts = shampoo_oracle.slices(blocks.length, size)
        sides = [len(range(blocks.length)[part]) for part in parts]
        matrices = [rng.normal(size=(side, side)) for side in sides]
        found = multiplied(x, padded(matrices, blocks.side), blocks)
        expected = shampoo_oracle.multiplied(x, matrices, blocks.axis)
        np.testing.assert_allclose(
            to_numpy(found), expected, rtol=1e-4, atol=1e-5
        )


@pytest.mark.parametrize(
    "shape, size", [((5, 3), 2), ((7,), 9), ((3, 2, 4), 3)], ids=repr
)
def test_products_are_those_of_the_rows_of_each_block(shape, size):
    x = np.random.default_rng(0).normal(size=shape).astype("float32")
    expected = shampoo_oracle.products(x, size)
    for blocks, matrices in zip(blocks_of(shape, size), expected, strict=True):
        np.testing.assert_allclose(
            to_numpy(products(x, blocks)),
            padded(matrices, blocks.side),
            rtol=1e-5,
            atol=1e-6,
        )


def test_products_of_float64_are_of_float64():
    x = keras.ops.convert_to_tensor(np.ones((3, 2)))  # float32 on JAX
    (blocks, _) = blocks_of(x.shape, 4)
    found = products(x, blocks)
    assert found.dtype == multiplied(x, found, blocks).dtype == x.dtype
