import sys

import pytest
from matplotlib import pyplot

from keras_trainkit.plots.axes import axes_in
from keras_trainkit.plots.axes import axes_or_new
from keras_trainkit.plots.axes import new_axes


def test_given_axes_are_used():
    figure, ax = pyplot.subplots()
    assert axes_or_new(ax) is ax
    assert axes_in([[ax], [ax]]) == [ax, ax]
    pyplot.close(figure)


@pytest.mark.parametrize("ax", [object(), "ax", pyplot.Axes], ids=str)
def test_what_are_no_axes_is_refused(ax):
    with pytest.raises(TypeError, match="`ax` must be matplotlib's `Axes`"):
        axes_or_new(ax)
    with pytest.raises(TypeError, match="`axes` must be matplotlib's `Axes`"):
        axes_in([ax])


def test_new_axes_are_those_of_a_new_figure():
    ax = axes_or_new(None)
    assert ax.figure.axes == [ax]
    pyplot.close(ax.figure)


def test_several_new_axes_are_laid_out_in_rows():
    axes = new_axes(5, columns=3, size=(6.0, 4.0))
    places = [ax.get_subplotspec() for ax in axes]
    assert [(one.rowspan.start, one.colspan.start) for one in places] == [
        *((0, column) for column in range(3)),
        *((1, column) for column in range(2)),
    ]
    assert axes[0].figure.axes == axes
    assert list(axes[0].figure.get_size_inches()) == [6.0, 4.0]
    pyplot.close(axes[0].figure)


def test_without_matplotlib_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r'"keras-trainkit\[plot\]"'):
        axes_or_new(None)
