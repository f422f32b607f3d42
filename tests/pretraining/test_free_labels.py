"""The tasks as a user calls them; the arithmetic is tested as a kernel."""

import keras
import numpy as np
import pytest

from keras_trainkit.pretraining.free_labels import pairs
from keras_trainkit.pretraining.free_labels import rotations
from keras_trainkit.pretraining.free_labels import which_half_first

pytestmark = pytest.mark.one_backend
RNG = np.random.default_rng(0)
IMAGES = RNG.normal(size=(5, 4, 4, 2)).astype("float32")
WIDE = RNG.normal(size=(5, 4, 6, 2)).astype("float32")


def test_each_image_is_turned_four_times():
    images, labels = rotations()(IMAGES)
    assert images.dtype == "float32" and rotations().classes == 4
    expected = np.stack([np.rot90(IMAGES, k, (1, 2)) for k in range(4)], 1)
    np.testing.assert_array_equal(images.reshape(5, 4, 4, 4, 2), expected)
    assert labels.tolist() == [0, 1, 2, 3] * 5


@pytest.mark.parametrize(
    "turns, shape",
    [((0, 1, 2, 3), (20, 6, 6, 2)), ((0, 2), (10, 4, 6, 2))],
    ids=["quarter turns", "half turns"],
)
def test_images_are_made_square_only_where_they_must(turns, shape):
    task = rotations(turns)
    assert task(WIDE)[0].shape == shape
    assert task.classes == len(turns)


def test_channels_may_come_first():
    first = np.moveaxis(IMAGES, -1, 1)
    before = keras.config.image_data_format()
    keras.config.set_image_data_format("channels_first")
    try:
        images, _ = rotations()(first)
    finally:
        keras.config.set_image_data_format(before)
    np.testing.assert_array_equal(
        np.moveaxis(images, 1, -1), rotations()(IMAGES)[0]
    )


@pytest.mark.parametrize("axis", [1, 2])
def test_rows_come_as_they_are_and_with_their_halves_exchanged(axis):
    rows, labels = which_half_first(axis)(IMAGES)
    np.testing.assert_array_equal(rows[labels == 0], IMAGES)
    np.testing.assert_array_equal(rows[labels == 1], np.roll(IMAGES, 2, axis))


def test_pairs_are_of_one_row_or_of_two():
    (first, second), labels = pairs(seed=1)(IMAGES)
    together = (first + second)[labels == 1]
    np.testing.assert_array_equal(together, IMAGES)
    apart = (first + second)[labels == 0]
    np.testing.assert_array_equal(apart[:, :2], IMAGES[:, :2])
    found = [
        [i for i in range(5) if np.array_equal(row, IMAGES[i, 2:])]
        for row in apart[:, 2:]
    ]
    assert all(len(one) == 1 for one in found)
    assert all(one != [i] for i, one in enumerate(found))


def test_views_of_ones_own():
    task = pairs(lambda x: (x, -x), seed=1)
    (first, second), labels = task(IMAGES)
    np.testing.assert_array_equal(first[labels == 1], IMAGES)
    np.testing.assert_array_equal(second[labels == 1], -IMAGES)


def test_who_is_paired_follows_from_the_seed():
    x = np.arange(60.0).reshape(30, 2)

    def partners(seed):
        return pairs(seed=seed)(x)[0][1]

    np.testing.assert_array_equal(partners(3), partners(3))
    assert (partners(3) != partners(4)).any()
    keras.utils.set_random_seed(7)
    first = partners(None)
    keras.utils.set_random_seed(7)
    np.testing.assert_array_equal(partners(None), first)


ROW = np.ones((3, 1))


@pytest.mark.parametrize(
    "call, error, name",
    [
        (lambda: rotations(2), TypeError, "turns"),
        (lambda: rotations((0, 1.5)), TypeError, "turns"),
        (lambda: rotations((1,)), ValueError, "turns"),
        (lambda: rotations((0, 4)), ValueError, "turns"),
        (lambda: rotations()(ROW), ValueError, "x"),
        (lambda: which_half_first(0), ValueError, "axis"),
        (lambda: which_half_first("time"), TypeError, "axis"),
        (lambda: which_half_first()(ROW), ValueError, "x"),
        (lambda: which_half_first(2)(ROW), ValueError, "x"),
        (lambda: pairs(views=3), TypeError, "views"),
        (lambda: pairs(axis=0), ValueError, "axis"),
        (lambda: pairs(seed=-1), ValueError, "seed"),
        (lambda: pairs()(ROW), ValueError, "x"),
        (lambda: pairs()(ROW[:1]), ValueError, "x"),
        (lambda: pairs(lambda x: x)(ROW), ValueError, "views"),
        (lambda: pairs(lambda x: (x, x[1:]))(ROW), ValueError, "views"),
    ],
)
def test_what_makes_no_task_is_refused(call, error, name):
    with pytest.raises(error, match=f"`{name}` must be"):
        call()
