import numpy as np
import pytest
from matplotlib import pyplot

from keras_trainkit.plots.uncertainty import plot_most_and_least_certain

MEAN = np.array([[0.9, 0.1], [0.4, 0.6], [0.8, 0.2], [0.5, 0.5]])
STD = MEAN / 10
UNCERTAINTY = [0.3, 0.6, 0.5, 0.7]


@pytest.fixture(autouse=True)
def closed():
    yield
    pyplot.close("all")


def draw(**arguments):
    return plot_most_and_least_certain(MEAN, STD, UNCERTAINTY, **arguments)


def titles(axes):
    return [[ax.get_title() for ax in row] for row in axes]


def test_certain_rows_above_uncertain_ones():
    assert titles(draw(count=2)) == [["0.3", "0.5"], ["0.7", "0.6"]]


def test_labels_stand_before():
    assert titles(draw(count=1, labels=list("abcd"))) == [
        ["a: 0.3"],
        ["d: 0.7"],
    ]


def test_no_more_than_there_are():
    assert draw(count=8).shape == (2, 4)


@pytest.mark.parametrize("shape", [(4, 3, 3), (4, 3, 3, 1), (4, 3, 3, 3)])
def test_images_are_drawn(shape):
    images = np.random.default_rng(0).uniform(size=shape)
    axes = draw(images=images, count=1)
    for ax, row in zip(axes.ravel(), (0, 3), strict=True):
        drawn = ax.images[0].get_array()
        np.testing.assert_allclose(np.squeeze(drawn), np.squeeze(images[row]))


def test_without_images_the_mean_is_drawn():
    axes = draw(count=1)
    heights = [bar.get_height() for bar in axes[0, 0].patches]
    np.testing.assert_allclose(heights, MEAN[0])


def test_it_draws_into_given_axes():
    _, mine = pyplot.subplots(2, 2)
    assert (draw(count=2, axes=mine) == mine).all()


@pytest.mark.parametrize(
    "arguments, match",
    [
        ({"count": 0}, "`count` must be an integer of at least 1"),
        ({"images": np.zeros((3, 2, 2))}, "`images` must be 4 images"),
        ({"images": np.zeros((4, 2))}, "`images` must be 4 images"),
    ],
)
def test_what_cannot_be_drawn(arguments, match):
    with pytest.raises(ValueError, match=match):
        draw(**arguments)
    assert pyplot.get_fignums() == []
