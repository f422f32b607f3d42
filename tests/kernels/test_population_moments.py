"""Moments of all data, whatever the batches, against float64 NumPy."""

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from keras_trainkit.kernels.population_moments import PopulationMoments
from keras_trainkit.kernels.population_moments import pooled_moments
from keras_trainkit.kernels.population_moments import sample_moments
from tests.helpers.arrays import to_numpy

RNG = np.random.default_rng(0)
AXES = {
    "dense": ((6, 3), -1),
    "image": ((4, 5, 5, 3), -1),
    "channels first": ((4, 3, 5, 5), 1),
    "the batch": ((3, 5), 0),
}


@pytest.mark.parametrize("name", AXES)
def test_moments_of_any_axis(name):
    shape, axis = AXES[name]
    x = (RNG.normal(size=shape) + 1000).astype("float32")
    count, mean, squares = map(to_numpy, sample_moments(x, None, axis))
    total, mean, squares = pooled_moments(count, mean, squares)
    others = tuple(set(range(len(shape))) - {axis % len(shape)})
    np.testing.assert_array_equal(total, x.size / shape[axis])
    exact = x.astype("float64")
    np.testing.assert_allclose(mean, exact.mean(others), 1e-7)
    np.testing.assert_allclose(squares / total, exact.var(others), 1e-5)


def test_what_is_masked_does_not_count():
    x = RNG.normal(size=(4, 5, 3)).astype("float32")
    mask = RNG.uniform(size=(4, 5)) < 0.5
    mask[1] = False
    x[~mask] = np.inf
    moments = map(to_numpy, sample_moments(x, mask, -1))
    count, mean, squares = pooled_moments(*moments)
    rows = x[mask].astype("float64")
    np.testing.assert_array_equal(count, len(rows))
    np.testing.assert_allclose(mean, rows.mean(0), 1e-5, 1e-6)
    np.testing.assert_allclose(squares / count, rows.var(0), 1e-5)


def test_half_precision_does_not_overflow():
    x = keras.ops.cast(np.full((2, 400), 300.0), "float16")
    _, mean, squares = sample_moments(x, None, 0)
    assert to_numpy(mean).tolist() == [[300.0, 300.0]]
    assert to_numpy(squares).tolist() == [[0.0, 0.0]]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=5),
        min_size=1,
        max_size=6,
    )
)
def test_batches_do_not_matter(batches):
    moments = PopulationMoments()
    for batch in batches:
        x = np.array(batch)[:, None]
        moments.add(np.ones_like(x), x, np.zeros_like(x))
    rows = np.concatenate(batches)
    mean, variance = moments.mean_and_variance()
    scale = 1 + np.abs(rows).max()
    assert moments.count == len(rows)
    np.testing.assert_allclose(mean, [rows.mean()], atol=1e-12 * scale)
    np.testing.assert_allclose(variance, [rows.var()], atol=1e-12 * scale**2)


def test_channels_of_which_nothing_counts():
    moments = PopulationMoments()
    assert not moments.finite()
    nothing, something = np.array([[0.0, 2.0]]), np.array([[3.0, 2.0]])
    moments.add(nothing, np.array([[0.0, 5.0]]), np.zeros((1, 2)))
    assert not moments.finite()
    moments.add(something, np.array([[4.0, 7.0]]), np.zeros((1, 2)))
    mean, variance = moments.mean_and_variance()
    assert moments.finite()
    assert mean.tolist() == [4.0, 6.0]
    assert variance.tolist() == [0.0, 1.0]
