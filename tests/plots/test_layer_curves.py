"""Curves of layers hold the values given, on a logarithmic scale."""

import matplotlib
import numpy as np
import pytest

from keras_trainkit.plots.layer_curves import plot_layer_curves

matplotlib.use("Agg")
LAYERS = {"a": [0.1, 0.01], "b": [1.0, float("nan")]}


@pytest.fixture
def ax():
    return plot_layer_curves(LAYERS, [1.0, 0.5], "update_to_weight")


def test_every_layer_has_its_curve(ax):
    first, second, total = (line.get_ydata() for line in ax.get_lines())
    np.testing.assert_array_equal(first, LAYERS["a"])
    np.testing.assert_array_equal(second, LAYERS["b"])
    np.testing.assert_array_equal(total, [1.0, 0.5])
    assert ax.get_lines()[0].get_xdata().tolist() == [1, 2]


def test_axes_say_what_they_show(ax):
    assert ax.get_yscale() == "log"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "update_to_weight")
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["a", "b", "all"]


def test_many_layers_have_no_legend():
    ax = plot_layer_curves({str(i): [1.0] for i in range(20)})
    assert ax.get_legend() is None
    assert len(ax.get_lines()) == 20
