import sys

import pytest
from matplotlib import pyplot

from keras_trainkit.plots.axes import axes_or_new


def test_given_axes_are_used():
    ax = object()
    assert axes_or_new(ax) is ax


def test_new_axes_are_those_of_a_new_figure():
    ax = axes_or_new(None)
    assert ax.figure.axes == [ax]
    pyplot.close(ax.figure)


def test_without_matplotlib_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r'"keras-trainkit\[plot\]"'):
        axes_or_new(None)
