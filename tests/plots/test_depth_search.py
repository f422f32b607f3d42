import numpy as np
import pytest
from matplotlib import pyplot

from keras_trainkit.plots.depth_search import plot_depth_search

TRIED = (["one", "two"], [0.5, 0.7], [0.1, np.nan], [True, False])


@pytest.fixture(autouse=True)
def closed():
    yield
    pyplot.close("all")


def test_means_lie_from_the_top_down_with_their_errors():
    ax = plot_depth_search(*TRIED, scratch=(0.6, 0.05), score="val_accuracy")
    first, second = (one.lines[0] for one in ax.containers)
    assert [tuple(p) for p in first.get_xydata()] == [(0.5, 0)]
    assert [tuple(p) for p in second.get_xydata()] == [(0.7, 1)]
    assert [one.has_xerr for one in ax.containers] == [True, False]
    assert first.get_color() != second.get_color()
    assert ax.get_xlabel() == "val_accuracy"
    top, bottom = ax.get_ylim()[::-1]
    assert top < bottom


def test_from_scratch_is_a_line_in_a_band_of_two_errors():
    ax = plot_depth_search(*TRIED, scratch=(0.6, 0.05))
    (line,) = [one for one in ax.lines if one.get_label() == "from scratch"]
    assert set(line.get_xdata()) == {0.6}
    (band,) = ax.patches
    assert band.get_x() == pytest.approx(0.5)
    assert band.get_width() == pytest.approx(0.2)
    assert not plot_depth_search(*TRIED).patches


def test_it_draws_into_given_axes():
    _, ax = pyplot.subplots()
    assert plot_depth_search(*TRIED, ax=ax) is ax


@pytest.mark.parametrize("tried", [([], [], [], []), (["a"], [1, 2], [1], [1])])
def test_what_does_not_fit_is_refused(tried):
    with pytest.raises(ValueError, match="of one length that is above 0"):
        plot_depth_search(*tried)
    assert pyplot.get_fignums() == []
