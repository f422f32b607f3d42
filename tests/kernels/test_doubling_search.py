"""The largest accepted integer is found, in as few questions as said."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_trainkit.kernels.doubling_search import largest_accepted


class Limit:
    """Accepts what is at most a limit, and notes what it was asked."""

    def __init__(self, limit):
        self.limit = limit
        self.asked = []

    def __call__(self, size):
        self.asked.append(size)
        return size <= self.limit


SIZES = st.integers(1, 10_000)


@given(SIZES, SIZES, SIZES)
def test_the_limit_is_found_exactly_wherever_it_lies(limit, least, most):
    least, most = sorted([least, most])
    accepts = Limit(limit)
    expected = None if limit < least else min(limit, most)
    assert largest_accepted(accepts, least, most) == expected
    assert len(set(accepts.asked)) == len(accepts.asked)
    assert least <= min(accepts.asked) and max(accepts.asked) <= most
    assert len(accepts.asked) <= 2 * math.log2(2 * most) + 2


@given(SIZES, st.floats(0, 1))
def test_the_limit_is_missed_by_no_more_than_the_precision(limit, precision):
    found = largest_accepted(Limit(limit), 1, 2**20, precision)
    assert found <= limit < found + max(1, precision * found)


ASKED = {
    "below a power of two": (11, 1, 64, [1, 2, 4, 8, 16, 12, 10, 11]),
    "nothing": (0, 4, 64, [4]),
    "all": (99, 3, 20, [3, 6, 12, 20]),
    "no room": (5, 5, 5, [5]),
}


@pytest.mark.parametrize("limit, least, most, asked", ASKED.values(), ids=ASKED)
def test_it_doubles_and_then_halves_the_gap(limit, least, most, asked):
    accepts = Limit(limit)
    largest_accepted(accepts, least, most)
    assert accepts.asked == asked
