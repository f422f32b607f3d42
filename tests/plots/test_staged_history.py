"""The drawing of a history in stages."""

import numpy as np
import pytest

import keras_trainkit as ktk

HISTORY = {"loss": [4.0, 3.0, 2.0, 1.0], "val_loss": [3.5, 1.5]}


def test_curves_and_marks_are_where_they_belong():
    ax = ktk.plots.plot_staged_history(HISTORY, {0: "head", 3: "all"})
    training, validation, *marks = ax.lines
    np.testing.assert_array_equal(training.get_xdata(), [1, 2, 3, 4])
    # Every second epoch.
    np.testing.assert_array_equal(validation.get_xdata(), [2, 4])
    np.testing.assert_array_equal(validation.get_ydata(), [3.5, 1.5])
    assert [mark.get_xdata()[0] for mark in marks] == [0.5, 3.5]
    assert [text.get_text() for text in ax.texts] == ["head", "all"]


def test_a_metric_alone_is_drawn_without_validation():
    ax = ktk.plots.plot_staged_history({"mae": [1.0]}, {0: "head"}, "mae")
    assert len(ax.lines) == 2 and ax.get_ylabel() == "mae"


def test_an_unknown_metric_is_refused():
    with pytest.raises(ValueError, match="val_loss"):
        ktk.plots.plot_staged_history(HISTORY, {}, "accuracy")
