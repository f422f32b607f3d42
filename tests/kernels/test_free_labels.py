"""Labels that come for free, against torch, NumPy and counting."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_trainkit.kernels import free_labels

IMAGES = np.random.default_rng(0).normal(size=(3, 4, 4, 2))


@pytest.mark.parametrize(
    "axes, shape", [((1, 2), (3, 4, 4, 2)), ((2, 3), (3, 2, 4, 4))]
)
def test_turned_images_are_those_of_torch(axes, shape):
    torch = pytest.importorskip(
        "torch", reason="torch oracle: torch is not installed"
    )
    images = IMAGES.reshape(shape)
    found, labels = free_labels.turned(images, (0, 1, 2, 3), axes)
    for_torch = torch.from_numpy(images)
    expected = [torch.rot90(for_torch, k, axes).numpy() for k in range(4)]
    np.testing.assert_array_equal(
        found.reshape(3, 4, *shape[1:]), np.stack(expected, axis=1)
    )
    assert labels.tolist() == [0, 1, 2, 3] * 3


def test_a_label_is_the_place_among_the_turns():
    found, labels = free_labels.turned(IMAGES, (2, 0), (1, 2))
    np.testing.assert_array_equal(
        found[labels == 0], np.rot90(IMAGES, 2, (1, 2))
    )
    np.testing.assert_array_equal(found[labels == 1], IMAGES)


@pytest.mark.parametrize(
    "shape, top, left", [((2, 5), 1, 0), ((5, 2), 0, 1), ((4, 3), 0, 0)]
)
def test_images_get_zeros_around_the_shorter_side(shape, top, left):
    images = np.random.default_rng(0).normal(size=(2, *shape, 3))
    found = free_labels.squared(images, (1, 2))
    side = max(shape)
    assert found.shape == (2, side, side, 3)
    inside = found[:, top : top + shape[0], left : left + shape[1]]
    np.testing.assert_array_equal(inside, images)
    assert np.count_nonzero(found) == images.size


@pytest.mark.parametrize(
    "rows, swapped",
    [
        ([1, 2, 3, 4], [3, 4, 1, 2]),
        ([1, 2, 3, 4, 5], [4, 5, 3, 1, 2]),
        ([1, 2], [2, 1]),
    ],
)
def test_halves_are_exchanged_and_the_middle_stays(rows, swapped):
    found = free_labels.halves_swapped(np.array([rows]), 1)
    assert found.tolist() == [swapped]


@pytest.mark.parametrize("axis", [1, 2])
def test_what_is_exchanged_twice_is_as_before(axis):
    twice = free_labels.halves_swapped(IMAGES[:, :3], axis)
    twice = free_labels.halves_swapped(twice, axis)
    np.testing.assert_array_equal(twice, IMAGES[:, :3])


@pytest.mark.parametrize("size", [4, 3])
def test_the_halves_alone_share_no_place(size):
    rows = IMAGES[:, :size]
    first, second = (free_labels.half_alone(rows, 1, i) for i in (0, 1))
    assert not np.any((first != 0) & (second != 0))
    both = rows.copy()
    both[:, 2 * (size // 2) // 2 : size - size // 2] = 0
    np.testing.assert_array_equal(first + second, both)


@given(st.integers(2, 200), st.integers(0, 10))
def test_nobody_is_their_own_partner(rows, seed):
    found = free_labels.partners(rows, np.random.default_rng(seed))
    assert not np.any(found == np.arange(rows))
    assert sorted(found) == list(range(rows))


def test_versions_of_a_row_stay_together():
    found = free_labels.together([IMAGES, -IMAGES])
    np.testing.assert_array_equal(found[0::2], IMAGES)
    np.testing.assert_array_equal(found[1::2], -IMAGES)
    assert free_labels.labels(2, 3).tolist() == [0, 1, 2, 0, 1, 2]
