import math

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as hnp

from keras_trainkit.kernels.probability.entropies import binary_entropy
from keras_trainkit.kernels.probability.entropies import entropy
from keras_trainkit.kernels.probability.entropies import mutual_information

POSITIVE = hnp.arrays(
    "float64",
    st.tuples(st.integers(1, 4), st.integers(1, 5), st.integers(2, 6)),
    elements=st.floats(0.0, 1.0),
).filter(lambda a: (a.sum(axis=-1) > 0.01).all())

KNOWN = {
    "uniform": ([0.25] * 4, math.log(4)),
    "certain": ([0.0, 1.0, 0.0], 0.0),
    "two of three": ([0.5, 0.0, 0.5], math.log(2)),
    "one class": ([1.0], 0.0),
}


@pytest.mark.parametrize("p, expected", KNOWN.values(), ids=KNOWN)
def test_known_entropies(p, expected):
    assert entropy(p) == pytest.approx(expected, abs=1e-15)


@given(POSITIVE)
def test_entropy_is_the_textbook_sum(weights):
    p = weights / weights.sum(axis=-1, keepdims=True)
    expected = [
        [-math.fsum(v * math.log(v) for v in row if v > 0) for row in rows]
        for rows in p
    ]
    np.testing.assert_allclose(entropy(p), expected, atol=1e-12)


@given(hnp.arrays("float64", (3, 2), elements=st.floats(0.0, 1.0)))
def test_binary_entropy_is_that_of_two_classes(p):
    both = np.stack([p, 1 - p], axis=-1)
    np.testing.assert_allclose(binary_entropy(p), entropy(both), atol=1e-15)


@given(POSITIVE)
def test_the_mutual_information_is_between_0_and_the_entropy(weights):
    p = weights / weights.sum(axis=-1, keepdims=True)
    total, each = entropy(p.mean(axis=0)), entropy(p).mean(axis=0)
    gained = mutual_information(total, each)
    assert (gained >= 0).all() and (gained <= total).all()
    np.testing.assert_allclose(gained, total - each, atol=1e-12)


def test_the_mutual_information_of_a_coin_that_is_known_each_time():
    samples = np.array([[1.0, 0.0], [0.0, 1.0]])
    gained = mutual_information(
        entropy(samples.mean(axis=0)), entropy(samples).mean(axis=0)
    )
    assert gained == pytest.approx(math.log(2))


@pytest.mark.parametrize("function", [entropy, binary_entropy])
def test_rounding_past_the_ends_is_certain_and_warns_of_nothing(function):
    with np.errstate(all="raise"):
        found = function(np.array([1 + 1e-7, -1e-9], "float32"))
    np.testing.assert_array_equal(found, 0 * found)
    assert np.isfinite(found).all()


@pytest.mark.parametrize("function", [entropy, binary_entropy])
def test_the_dtype_is_kept(function):
    assert function(np.full((2, 3), 1 / 3, "float32")).dtype == "float32"


def test_a_difference_that_rounds_below_0_is_0():
    assert mutual_information(0.5, 0.5 + 1e-7) == 0.0
