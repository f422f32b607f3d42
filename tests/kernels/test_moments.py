import functools

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from keras_trainkit.kernels.moments import chunk_moments
from keras_trainkit.kernels.moments import merged_moments
from tests.helpers.arrays import to_numpy


def streamed(samples, chunk):
    """Moments of all samples; the last chunk is filled up with others."""
    parts = []
    for first in range(0, len(samples), chunk):
        part = samples[first : first + chunk]
        weights = np.ones(chunk, "float32")
        weights[len(part) :] = 0
        filled = np.resize(part, (chunk, *part.shape[1:]))
        tensors = map(keras.ops.convert_to_tensor, (filled, weights))
        parts.append(chunk_moments(*tensors))
    nothing = (0.0, 0 * parts[0][1], 0 * parts[0][2])
    return functools.reduce(merged_moments, [nothing, *parts])


@settings(max_examples=30)
@given(st.integers(1, 9), st.integers(1, 30), st.integers(0, 2**31))
def test_chunks_give_the_moments_of_all(chunk, count, seed):
    samples = np.random.default_rng(seed).normal(3, 2, (count, 2, 3))
    samples = samples.astype("float32")
    found = to_numpy(streamed(samples, chunk))
    exact = samples.astype("float64")
    assert found[0] == count
    np.testing.assert_allclose(found[1], exact.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(
        found[2] / count, exact.var(axis=0), rtol=1e-4, atol=1e-6
    )


@pytest.mark.parametrize("mean", [0.0, 1e3, 1e4])
def test_a_mean_far_from_0_costs_no_digits(mean):
    samples = np.random.default_rng(0).normal(mean, 1, (1000, 4))
    samples = samples.astype("float32")
    _, _, squares = to_numpy(streamed(samples, 50))
    exact = samples.astype("float64").var(axis=0)
    np.testing.assert_allclose(squares / 1000, exact, rtol=1e-3)
