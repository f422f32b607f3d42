"""Hidden places, against NumPy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_trainkit.kernels import hidden_places
from tests.helpers.arrays import to_numpy

NOISE = np.random.default_rng(0).uniform(size=(50, 12)).astype("float32")


@pytest.mark.parametrize(
    "size, patch, count", [(8, 2, 4), (9, 2, 5), (3, 7, 1), (5, 1, 5)]
)
def test_how_many_patches_cover_an_axis(size, patch, count):
    assert hidden_places.patches_along(size, patch) == count


@given(
    st.integers(2, 1000),
    st.floats(0, 1, exclude_min=True, exclude_max=True),
)
def test_something_is_hidden_and_something_is_left(units, rate):
    count = hidden_places.how_many(units, rate)
    assert 1 <= count <= units - 1
    assert abs(count - rate * units) <= 1


@pytest.mark.parametrize("count", [1, 5, 11])
def test_the_smallest_of_a_row_are_chosen(count):
    found = to_numpy(hidden_places.chosen(NOISE, count))
    largest = np.sort(NOISE, axis=1)[:, count - 1 : count]
    np.testing.assert_array_equal(found, largest >= NOISE)
    assert found.dtype == "float32"


@pytest.mark.parametrize(
    "patch, sizes",
    [((4,), (12,)), ((3,), (8,)), ((2, 3), (5, 8)), ((1, 1), (3, 4))],
    ids=["one axis", "a part of a patch", "two axes", "places"],
)
def test_patches_are_spread_over_their_places(patch, sizes):
    units = tuple(map(hidden_places.patches_along, sizes, patch))
    of_patches = np.random.default_rng(1).uniform(size=(2, *units))
    of_patches = of_patches.astype("float32")
    expected = np.kron(of_patches, np.ones((1, *patch)))
    expected = expected[(slice(None), *(slice(size) for size in sizes))]
    found = hidden_places.over_patches(of_patches, patch, sizes)
    np.testing.assert_array_equal(to_numpy(found), expected)


def test_hidden_places_have_the_value_and_others_stay():
    places = (NOISE < 0.5).astype("float32")
    found = to_numpy(hidden_places.hidden(NOISE, places, -3.0))
    np.testing.assert_array_equal(found, np.where(NOISE < 0.5, -3.0, NOISE))


def test_the_weighted_mean_is_that_over_hidden_places():
    places = (NOISE < 0.3).astype("float32")
    weights = to_numpy(hidden_places.shared_out(places))
    np.testing.assert_allclose(
        (weights * NOISE).mean(), NOISE[NOISE < 0.3].mean(), rtol=1e-5
    )
