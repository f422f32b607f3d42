"""Inverse roots against eigendecompositions in float64."""

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from keras_trainkit.kernels.matrix_roots import inverse_root
from keras_trainkit.kernels.matrix_roots import relative_error
from keras_trainkit.kernels.matrix_roots import residual_bound
from keras_trainkit.kernels.matrix_roots import scalings
from tests.helpers import shampoo_oracle
from tests.helpers.arrays import to_numpy

# Terms as large as the condition number cancel in a residual: in float32 it is
# known up to so many of these.
UNIT = np.finfo("float32").eps


def matrix(seed, side, condition, clustered):
    """Eigenvalues from 1 down to `1 / condition`, in general position."""
    rng = np.random.default_rng(seed)
    q, _ = np.linalg.qr(rng.normal(size=(side, side)))
    values = np.geomspace(1, 1 / condition, side)
    if clustered:
        values = np.where(np.arange(side) < max(1, side // 4), 1, values[-1])
    return ((q * values) @ q.T).astype("float32")


def residual_of(a, x, order):
    """The norm that `residual_bound` bounds, in float64."""
    half = np.linalg.matrix_power(to_numpy(x).astype("float64"), order // 2)
    residual = half @ a.astype("float64") @ half - np.eye(len(a))
    return np.linalg.norm(residual, 2)


MATRICES = {
    "seed": st.integers(0, 999),
    "side": st.sampled_from([2, 5, 24]),
    "condition": st.floats(1, 1e6),
    "clustered": st.booleans(),
}


@given(order=st.sampled_from([2, 4, 6, 8]), **MATRICES)
@settings(max_examples=60)
@pytest.mark.one_backend
def test_the_error_is_within_the_bound(order, **described):
    a = matrix(**described)
    a = (a + a.T) / 2
    smallest = 0.5 / described["condition"]
    x = inverse_root(a, order, smallest)
    told = float(residual_bound(a, x, order))
    # Never refused up to a condition number of a million.
    assert told < 0.1
    residual = residual_of(a, x, order)
    assert told >= residual - 10 * UNIT * described["condition"]
    expected = shampoo_oracle.inverse_root(a.astype("float64"), order)
    apart = np.linalg.norm(to_numpy(x) - expected, 2)
    allowed = relative_error(residual, order) + UNIT
    assert apart <= allowed * np.linalg.norm(expected, 2)


@given(order=st.sampled_from([2, 4, 6, 8]), **MATRICES)
@settings(max_examples=40)
@pytest.mark.one_backend
def test_the_bound_is_no_less_than_the_residual(order, **described):
    a = matrix(**described)
    a = (a + a.T) / 2
    x = to_numpy(inverse_root(a, order, 0.5 / described["condition"]))
    # Roots that are off by more than rounding.
    x = x * np.float32(1.01)
    told = float(residual_bound(a, x, order))
    least = residual_of(a, x, order)
    assert told >= least - 10 * UNIT * described["condition"]


BAD = {
    "an eigenvalue below the smallest": np.diag([1.0, 1e-9]),
    "an eigenvalue below zero": np.diag([1.0, -0.5]),
    "not a number": np.array([[1.0, np.nan], [np.nan, 1.0]]),
    "infinite": np.diag([np.inf, 1.0]),
}


@pytest.mark.parametrize("name", BAD)
def test_what_has_failed_is_told(name):
    a = BAD[name].astype("float32")
    told = float(residual_bound(a, inverse_root(a, 4, 1e-3), 4))
    assert not told <= 0.1


@pytest.mark.parametrize("order", [1, 2, 3, 4, 6, 8, 10])
@pytest.mark.one_backend
def test_the_scaled_iteration_ends_at_one(order):
    """For every eigenvalue of the interval, in float64 scalars."""
    scales = scalings(order, 1e-6)
    values = np.geomspace(1e-6, 1, 1001)
    m = values.copy()
    for scale in scales:
        m = scale * m * ((order + 1 - scale * m) / order) ** order
    np.testing.assert_allclose(m, 1, atol=1e-6)
    assert len(scales) <= 20


@pytest.mark.one_backend
def test_many_matrices_go_together():
    batch = np.stack([matrix(seed, 5, 1e3, False) for seed in range(3)])
    together = to_numpy(inverse_root(batch, 4, 1e-4))
    alone = [to_numpy(inverse_root(one, 4, 1e-4)) for one in batch]
    np.testing.assert_allclose(together, alone, rtol=1e-4, atol=1e-4)


def test_a_bound_of_an_odd_order_is_refused():
    with pytest.raises(ValueError, match="`order` must be even"):
        residual_bound(np.eye(2), np.eye(2), 3)


@pytest.mark.one_backend
def test_no_error_is_known_from_a_residual_of_one_on():
    assert relative_error(0.0, 4) == 0
    assert relative_error(1.0, 4) == np.inf
    assert relative_error(np.nan, 4) == np.inf


@pytest.mark.one_backend
def test_rounding_leaves_a_root_symmetric():
    a = matrix(0, 24, 1e4, clustered=False)
    x = to_numpy(inverse_root((a + a.T) / 2, 4, 5e-5))
    np.testing.assert_array_equal(x, x.T)


def test_float64_is_computed_in_float64():
    a = matrix(0, 5, 1e3, clustered=False).astype("float64")
    a = (a + a.T) / 2
    tensor = keras.ops.convert_to_tensor(a)  # of float32 in JAX's defaults
    x = inverse_root(tensor, 4, 5e-4)
    assert x.dtype == residual_bound(tensor, x, 4).dtype == tensor.dtype
    unit = np.finfo(to_numpy(tensor).dtype).eps
    assert residual_of(a, x, 4) < 1e-6 + 10 * unit * 1e3
