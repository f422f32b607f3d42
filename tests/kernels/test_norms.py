import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from keras_trainkit.kernels import norms
from tests.helpers.arrays import to_numpy

FLOATS = ("float16", "bfloat16", "float32")

# Few shapes, so that each op is compiled once for each.
CASES = {
    "dense": ((4, 3), (0,)),
    "transposed": ((3, 2, 4), (0, 2)),
    "conv": ((2, 2, 3, 2), (0, 1, 2)),
    "single": ((3, 2), ()),
}
ELEMENTS = st.floats(-(2.0**40), 2.0**40, width=32, allow_subnormal=False)


def arrays(shape):
    return hnp.arrays("float32", shape, elements=ELEMENTS)


CASE = st.sampled_from(list(CASES.values())).flatmap(
    lambda case: st.tuples(arrays(case[0]), st.just(case[1]))
)
RADII = st.floats(0.125, 1e3)


def norm(w, axes):
    return np.sqrt(np.sum(np.square(w, dtype="float64"), axes, keepdims=True))


def oracle(w, max_value, axes):
    n = norm(w, axes)
    scale = np.where(n > max_value, max_value / np.where(n > 0, n, 1), 1)
    return w.astype("float64") * scale


@given(CASE, RADII)
@settings(max_examples=50)
def test_max_norm_equals_numpy_in_float64(case, radius):
    w, axes = case
    result = to_numpy(norms.max_norm(w, radius, axes))
    assert result.dtype == w.dtype
    np.testing.assert_allclose(
        result, oracle(w, radius, axes), rtol=2e-6, atol=1e-30
    )


@given(CASE, RADII)
@settings(max_examples=50)
def test_max_norm_ends_inside_and_stays_there(case, radius):
    w, axes = case
    once = to_numpy(norms.max_norm(w, radius, axes))
    twice = to_numpy(norms.max_norm(once, radius, axes))
    assert np.all(norm(once, axes) <= radius * (1 + 1e-6))
    np.testing.assert_allclose(twice, once, rtol=1e-6)


@given(CASE, RADII)
@settings(max_examples=50)
def test_max_norm_leaves_what_is_inside_bit_by_bit(case, radius):
    w, axes = case
    result = to_numpy(norms.max_norm(w, radius, axes))
    inside = np.broadcast_to(norm(w, axes) < radius * (1 - 1e-6), w.shape)
    np.testing.assert_array_equal(result[inside], w[inside])


@given(arrays((2, 2, 3, 2)), RADII)
@settings(max_examples=30)
def test_max_norm_equals_torch_renorm(w, radius):
    torch = pytest.importorskip(
        "torch", reason="torch oracle: torch is not installed"
    )
    double = torch.tensor(w, dtype=torch.float64)
    # renorm adds 1e-7 to the norm it divides by.
    expected = torch.renorm(double, p=2, dim=3, maxnorm=radius).numpy()
    result = norms.max_norm(w, radius, (0, 1, 2))
    np.testing.assert_allclose(
        to_numpy(result), expected, rtol=4e-6, atol=1e-30
    )


@pytest.mark.parametrize("dtype", FLOATS)
def test_max_norm_keeps_the_dtype_where_its_squares_would_overflow(dtype):
    # 300 ** 2 is above float16's largest number.
    w = keras.ops.cast(np.array([[300.0, 0.375], [400.0, 0.5]]), dtype)
    result = norms.max_norm(w, 1.0, (0,))
    assert keras.backend.standardize_dtype(result.dtype) == dtype
    np.testing.assert_allclose(
        to_numpy(result), [[0.6, 0.375], [0.8, 0.5]], rtol=4e-3
    )


@pytest.mark.parametrize("value", [1e30, 1e-25], ids=["huge", "tiny"])
def test_max_norm_survives_squares_that_leave_float32(value):
    w = np.full((2, 1), value, "float32")
    result = to_numpy(norms.max_norm(w, value / 10, (0,)))
    np.testing.assert_allclose(result, value / 10 / np.sqrt(2), rtol=1e-5)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf], ids=str)
def test_max_norm_leaves_the_vector_with_a_non_finite_weight(bad):
    w = np.array([[bad, 3.0], [2.0, 4.0]], "float32")
    result = to_numpy(norms.max_norm(w, 1.0, (0,)))
    np.testing.assert_array_equal(result[:, 0], w[:, 0])
    np.testing.assert_allclose(result[:, 1], [0.6, 0.8], rtol=1e-6)


@pytest.mark.parametrize("value", [0.0, 1e-45], ids=["zero", "subnormal"])
def test_max_norm_of_next_to_nothing_divides_by_no_zero(value):
    w = np.full((3, 2), value, "float32")
    np.testing.assert_array_equal(to_numpy(norms.max_norm(w, 1.0, (0,))), w)


@pytest.mark.parametrize(
    "layout, rank, axes",
    [
        ("standard", 2, (0,)),
        ("standard", 5, (0, 1, 2, 3)),
        ("transposed", 2, (1,)),
        ("transposed", 3, (0, 2)),
        ("transposed", 5, (0, 1, 2, 4)),
        ("depthwise", 3, (0,)),
        ("depthwise", 4, (0, 1)),
    ],
)
def test_incoming_axes(layout, rank, axes):
    assert norms.incoming_axes(layout, rank) == axes


@pytest.mark.parametrize(
    "layout, rank",
    [("standard", 1), ("transposed", 1), ("depthwise", 2), ("standard", 0)],
)
def test_a_weight_with_too_few_axes_is_refused(layout, rank):
    with pytest.raises(ValueError, match=f"(?s)Received.*={rank}.*kernels"):
        norms.incoming_axes(layout, rank)


@pytest.mark.parametrize(
    "equation, axes",
    [
        ("ab,bc->ac", (0,)),
        ("ab,cb->ac", (1,)),
        ("abc,cde->abde", (0,)),
        ("abcd,cde->abe", (0, 1)),
        ("abgc,gcd->abgd", (1,)),
        ("...x, xy -> ...y", (0,)),
        ("ab...,bc->ac...", (0,)),
        ("ab,b->ab", ()),
    ],
)
def test_einsum_axes(equation, axes):
    assert norms.einsum_axes(equation) == axes


BOUNDS = st.tuples(
    st.floats(-100, 100, width=32, allow_subnormal=False),
    st.floats(-100, 100, width=32, allow_subnormal=False),
).map(sorted)


@given(arrays((4, 3)), BOUNDS)
@settings(max_examples=50)
def test_clip_equals_numpy_and_is_idempotent(w, bounds):
    once = to_numpy(norms.clip(w, *bounds))
    np.testing.assert_array_equal(once, np.clip(w, *bounds))
    np.testing.assert_array_equal(to_numpy(norms.clip(once, *bounds)), once)


@pytest.mark.parametrize("dtype", FLOATS)
def test_clip_keeps_dtype_and_nan(dtype):
    w = keras.ops.cast(np.array([np.nan, -3.0, 0.5, np.inf]), dtype)
    result = norms.clip(w, -1.0, 1.0)
    assert keras.backend.standardize_dtype(result.dtype) == dtype
    np.testing.assert_array_equal(to_numpy(result), [np.nan, -1.0, 0.5, 1.0])


@given(CASE.filter(lambda case: case[1]))
@settings(max_examples=50)
def test_zero_mean_equals_numpy_and_is_idempotent(case):
    w, axes = case
    once = to_numpy(norms.zero_mean(w, axes))
    wide = w.astype("float64")
    rounding = 1e-6 * (1 + np.abs(w).max())
    expected = wide - wide.mean(axes, keepdims=True)
    np.testing.assert_allclose(once, expected, atol=rounding)
    twice = to_numpy(norms.zero_mean(once, axes))
    np.testing.assert_allclose(twice, once, atol=rounding)


@pytest.mark.parametrize("dtype", FLOATS)
def test_zero_mean_keeps_the_dtype_where_its_sum_would_overflow(dtype):
    w = keras.ops.cast(np.array([60000.0, 60000.0, 30000.0]), dtype)
    result = norms.zero_mean(w, (0,))
    assert keras.backend.standardize_dtype(result.dtype) == dtype
    np.testing.assert_allclose(
        to_numpy(result), [10000.0, 10000.0, -20000.0], rtol=2e-2
    )


def test_zero_mean_leaves_centred_weights_bit_by_bit():
    w = np.array([[1.5, -2.0], [-1.5, 2.0]], "float32")
    np.testing.assert_array_equal(to_numpy(norms.zero_mean(w, (0,))), w)
