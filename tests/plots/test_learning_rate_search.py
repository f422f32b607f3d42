import numpy as np
import pytest
from matplotlib import pyplot

from keras_trainkit.plots.learning_rate_search import plot_learning_rate_search

RATES = [1e-3, 1e-2, 1e-1, 1.0]
LOSSES = [1.0, 0.5, 0.8, 1e9]
SMOOTHED = [0.9, 0.6, 0.7, np.nan]


@pytest.fixture(autouse=True)
def closed():
    yield
    pyplot.close("all")


def test_both_curves_are_drawn_without_the_divergence():
    ax = plot_learning_rate_search(RATES, LOSSES, SMOOTHED)
    losses, smoothed = (line.get_xydata() for line in ax.lines)
    np.testing.assert_array_equal(losses.T, [RATES[:3], LOSSES[:3]])
    np.testing.assert_array_equal(smoothed.T, [RATES[:3], SMOOTHED[:3]])
    assert (ax.get_xscale(), ax.get_xlabel(), ax.get_ylabel()) == (
        "log",
        "learning rate",
        "loss",
    )


def test_suggestions_are_marked_by_name():
    marked = {"valley": 0.02, "steepest": 0.005}
    ax = plot_learning_rate_search(RATES, LOSSES, SMOOTHED, marked)
    assert [line.get_xdata()[0] for line in ax.lines[2:]] == [0.02, 0.005]
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels[2:] == ["valley: 0.02", "steepest: 0.005"]


def test_it_draws_into_given_axes():
    figure, ax = pyplot.subplots()
    assert plot_learning_rate_search(RATES, LOSSES, SMOOTHED, ax=ax) is ax
    assert pyplot.get_fignums() == [figure.number]


@pytest.mark.parametrize(
    "curves",
    [(RATES, LOSSES[:2], SMOOTHED), ([RATES], [LOSSES], [SMOOTHED])],
    ids=["two lengths", "matrices"],
)
def test_curves_that_do_not_fit_are_refused(curves):
    with pytest.raises(ValueError, match="three one-dimensional sequences"):
        plot_learning_rate_search(*curves)
    assert pyplot.get_fignums() == []
