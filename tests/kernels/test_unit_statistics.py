import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from keras_trainkit.kernels.unit_statistics import dead_share
from keras_trainkit.kernels.unit_statistics import row_spread
from keras_trainkit.kernels.unit_statistics import saturated_share

FLOATS = st.floats(-10, 10, width=32)
VALUES = arrays("float32", (3, 4, 5), elements=FLOATS)


def test_a_unit_is_dead_where_it_is_0_everywhere():
    values = np.zeros((2, 3, 4))
    values[1, 2, 0] = 0.5
    values[0, 0, 1] = -0.5
    assert dead_share(values) == 0.5
    assert dead_share(values, axis=1) == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    "value, expected",
    [(0.0, 1.0), (0.0099, 1.0), (0.0101, 0.0), (0.5, 0.0), (0.991, 1.0)],
)
def test_near_a_bound_is_within_a_hundredth(value, expected):
    assert saturated_share(np.array([value]), 0.0, 1.0) == expected
    assert saturated_share(np.array([2 * value - 1]), -1.0, 1.0) == expected


@settings(max_examples=40, deadline=None)
@given(VALUES)
def test_the_spread_over_rows_is_that_of_float64(values):
    spread = row_spread(values)
    expected = np.sqrt(values.astype("float64").var(axis=0).mean())
    assert spread == pytest.approx(expected, rel=1e-6, abs=1e-9)
    assert row_spread(np.repeat(values[:1], 3, axis=0)) <= 1e-6
