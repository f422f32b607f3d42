"""The picture of a training with what was found in it."""

import numpy as np
import pytest

import keras_trainkit as ktk

LAYERS = [
    {
        "path": "a",
        "probe_epochs": [0, 1, 3],
        "gradient_norm": [1.0, 0.0, 0.1],
        "dead_share": [0.0, 0.5, np.nan],
    },
    {"path": "b", "probe_epochs": [0, 1, 3], "gradient_norm": [2.0, 1.0, 1.0]},
]


def test_curves_marks_and_layers():
    curves = {"loss": [1.0, 0.5, 0.4], "accuracy": [0.1, 0.2, 0.3]}
    axes = ktk.plots.plot_training(curves, [(2, "D104")], LAYERS)
    loss, gradients, dead, updates = axes
    assert loss.get_ylabel() == "loss"
    assert [text.get_text() for text in loss.texts] == ["D104"]
    labels = [line.get_label() for line in gradients.lines]
    assert labels == ["a", "b"] and gradients.get_yscale() == "log"
    # A logarithm of 0 has no place; nor has what was not measured.
    np.testing.assert_array_equal(gradients.lines[0].get_xdata(), [0, 3])
    np.testing.assert_array_equal(dead.lines[0].get_xdata(), [0, 1])
    assert updates.texts[0].get_text() == "not measured"


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ValueError, match='with a "loss"'):
        ktk.plots.plot_training({}, [], [])
    with pytest.raises(ValueError, match="four Axes"):
        ktk.plots.plot_training({"loss": [1.0]}, [], [], axes=[])
