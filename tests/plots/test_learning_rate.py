import numpy as np
import pytest
from matplotlib import pyplot

from keras_trainkit.plots.learning_rate import plot_schedule

RATES = [0.1, 0.2, 0.1, 0.01]
MOMENTA = [0.95, 0.85, 0.95, 0.95]


@pytest.fixture(autouse=True)
def closed():
    yield
    pyplot.close("all")


def data(ax):
    return ax.lines[0].get_xydata()


@pytest.mark.parametrize("log", [True, np.True_], ids=["Python", "NumPy"])
def test_the_rate_may_be_logarithmic(log):
    assert plot_schedule(RATES, log=log).get_yscale() == "log"


def test_the_learning_rate_is_drawn_over_the_steps():
    ax = plot_schedule(RATES)
    np.testing.assert_array_equal(data(ax), list(enumerate(RATES)))
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("step", "learning rate")
    assert ax.figure.axes == [ax]


def test_the_momentum_has_an_axis_of_its_own():
    ax = plot_schedule(RATES, MOMENTA)
    first, twin = ax.figure.axes
    assert first is ax
    np.testing.assert_array_equal(data(twin), list(enumerate(MOMENTA)))
    assert twin.get_ylabel() == "momentum"
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["learning rate", "momentum"]


def test_stages_are_dashed_vertical_lines_with_labels():
    ax = plot_schedule(RATES, stages={0: "head", 2: "all"})
    marks = ax.lines[1:]
    assert [list(line.get_xdata()) for line in marks] == [[0, 0], [2, 2]]
    assert {line.get_linestyle() for line in marks} == {"--"}
    assert [text.get_text() for text in ax.texts] == ["head", "all"]


@pytest.mark.parametrize("log, scale", [(False, "linear"), (True, "log")])
def test_the_scale_of_the_learning_rate(log, scale):
    assert plot_schedule(RATES, log=log).get_yscale() == scale


def test_it_draws_into_given_axes():
    figure, ax = pyplot.subplots()
    assert plot_schedule(RATES, ax=ax) is ax
    assert pyplot.get_fignums() == [figure.number]


@pytest.mark.parametrize(
    "arguments, message",
    [
        (([RATES],), "`learning_rate` must be a one-dimensional"),
        ((RATES, MOMENTA[:2]), r"`momentum` must be as long .* \(4 values\)"),
    ],
    ids=["a matrix", "two lengths"],
)
def test_curves_that_do_not_fit_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        plot_schedule(*arguments)
    assert pyplot.get_fignums() == []
