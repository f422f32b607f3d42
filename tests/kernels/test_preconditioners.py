"""Roots of packed matrices, and what stands in for one that failed."""

import keras
import numpy as np
import pytest

from keras_trainkit.kernels import matrix_roots
from keras_trainkit.kernels import preconditioners
from keras_trainkit.kernels.axis_blocks import blocks_of
from keras_trainkit.kernels.preconditioners import count_of
from keras_trainkit.kernels.preconditioners import new_roots
from keras_trainkit.kernels.preconditioners import packed_products
from keras_trainkit.kernels.preconditioners import preconditioned
from keras_trainkit.kernels.preconditioners import size_of
from tests.helpers import shampoo_oracle
from tests.helpers.arrays import to_numpy

EPSILON = 1e-2
# Two tensors with axes of one length and order are computed together.
SHAPES = [(4, 2), (2, 4)]
RNG = np.random.default_rng(0)
GRADIENTS = [RNG.normal(size=shape).astype("float32") for shape in SHAPES]
LAYOUTS = [blocks_of(shape, 2) for shape in SHAPES]


def entries(gradients=GRADIENTS):
    return [
        (
            packed_products(g, layout),
            keras.ops.zeros((size_of(layout),)),
            layout,
        )
        for g, layout in zip(gradients, LAYOUTS, strict=True)
    ]


@pytest.mark.one_backend
def test_gradients_are_preconditioned_as_by_eigendecompositions():
    found = new_roots(entries(), EPSILON)
    for g, layout, (roots, residuals) in zip(
        GRADIENTS, LAYOUTS, found, strict=True
    ):
        assert tuple(residuals.shape) == (count_of(layout),) == (3,)
        expected = g.astype("float64")
        sums = shampoo_oracle.products(expected, 2)
        for axis, blocks in enumerate(shampoo_oracle.roots(sums, EPSILON, 1.0)):
            expected = shampoo_oracle.multiplied(expected, blocks, axis)
        np.testing.assert_allclose(
            to_numpy(preconditioned(g, roots, layout)),
            expected,
            rtol=1e-4,
            atol=1e-5,
        )


@pytest.mark.one_backend
def test_without_any_gradient_there_is_no_root():
    [(roots, _), (others, _)] = new_roots(
        entries([np.zeros((4, 2), "float32"), GRADIENTS[1]]), EPSILON
    )
    assert not to_numpy(roots).any()
    assert to_numpy(others).all()


@pytest.mark.one_backend
def test_scales_that_float32_hardly_holds_have_roots():
    small, large = (
        new_roots(entries([s * g for g in GRADIENTS]), EPSILON)
        for s in (np.float32(1e-15), np.float32(1e15))
    )
    for (a, _), (b, _), layout in zip(small, large, LAYOUTS, strict=True):
        order = preconditioners.order_of(layout)
        ratio = 1e60 ** (1 / order)
        np.testing.assert_allclose(
            to_numpy(a), to_numpy(b) * ratio, rtol=1e-3, atol=1e-3 * ratio
        )


def failing(a, order, smallest):
    return 1.5 * matrix_roots.inverse_root(a, order, smallest)


@pytest.mark.one_backend
def test_a_root_that_failed_is_the_one_before(monkeypatch):
    [(old, _), _] = good = new_roots(entries(), EPSILON)
    monkeypatch.setattr(preconditioners, "inverse_root", failing)
    later = [
        (3 * statistics, roots, layout)
        for (statistics, _, layout), (roots, _) in zip(
            entries(), good, strict=True
        )
    ]
    [(kept, residuals), _] = new_roots(later, EPSILON)
    assert (to_numpy(residuals) > 0.1).all()
    np.testing.assert_array_equal(to_numpy(kept), to_numpy(old))


@pytest.mark.one_backend
def test_a_first_root_that_failed_is_that_of_the_diagonal(monkeypatch):
    monkeypatch.setattr(preconditioners, "inverse_root", failing)
    [(roots, _), _] = new_roots(entries(), EPSILON)
    sums = shampoo_oracle.products(GRADIENTS[0].astype("float64"), 2)
    expected = []
    for axis in sums:
        scale = max(np.linalg.norm(block) for block in axis)
        expected += [
            np.diag((np.diag(b) + EPSILON * scale) ** -0.25).ravel()
            for b in axis
        ]
    np.testing.assert_allclose(
        to_numpy(roots), np.concatenate(expected), rtol=1e-5
    )
