import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from keras_trainkit.kernels.data_facts.columns import column_facts
from keras_trainkit.kernels.data_facts.columns import size_fault

RNG = np.random.default_rng(0)
NORMAL = RNG.normal(size=(50, 4))
BYTES = RNG.integers(0, 256, size=(20, 8, 8, 1))
WORDS = RNG.integers(0, 5000, size=(40, 12))


@pytest.mark.parametrize(
    "fault, x",
    [
        (None, NORMAL),
        (None, NORMAL * 9),
        (None, BYTES / 255),
        (None, RNG.integers(0, 17, size=(30, 64))),
        ("pixels", BYTES),
        ("pixels", BYTES.reshape(20, 64).astype("float32")),
        ("large", np.arange(100)),
        ("large", NORMAL + 1000),
        ("unlike", NORMAL * [1, 1, 1, 500]),
        ("small", BYTES / 255**2),
        (None, np.ones((9, 3)) * 700),
    ],
)
def test_faults_of_size(fault, x):
    assert size_fault(column_facts(x)) == fault


@settings(max_examples=25)
@given(
    arrays(
        "float64",
        st.tuples(st.integers(1, 9), st.integers(1, 4)),
        elements=st.floats(-1e6, 1e6),
    )
)
def test_statistics_are_numpys(x):
    facts = column_facts(x)
    np.testing.assert_allclose(facts.mean, x.mean(0), rtol=1e-9, atol=1e-6)
    np.testing.assert_allclose(facts.deviation, x.std(0), rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(facts.lowest, x.min(0))
    np.testing.assert_array_equal(facts.highest, x.max(0))
    np.testing.assert_array_equal(facts.constant, x.min(0) == x.max(0))


def test_a_layer_that_rescales_is_counted():
    given_twice = column_facts(BYTES, scale=-1 / 255, offset=1.0)
    by_hand = column_facts(1 - BYTES / 255)
    np.testing.assert_allclose(given_twice.mean, by_hand.mean)
    np.testing.assert_allclose(given_twice.lowest, by_hand.lowest)
    assert not given_twice.pixels


def test_values_that_are_none_are_left_out():
    x = np.array([[1.0, np.nan], [3.0, 5.0], [np.inf, 5.0]])
    facts = column_facts(x)
    np.testing.assert_allclose(facts.mean, [2.0, 5.0])
    np.testing.assert_array_equal(facts.constant, [False, True])
    assert column_facts(np.full((3, 2), np.nan)) is None


@pytest.mark.parametrize(
    "tokens, x",
    [
        (True, WORDS),
        (False, WORDS[:, :4]),
        (False, WORDS + 0.5),
        (False, BYTES.reshape(20, 64)),
        (False, np.concatenate([WORDS[:, :2], WORDS[:, 2:] % 9], 1)),
    ],
)
def test_numbers_of_words(tokens, x):
    assert column_facts(x).tokens is tokens
