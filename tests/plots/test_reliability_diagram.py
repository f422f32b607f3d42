import numpy as np
import pytest
from matplotlib import pyplot

from keras_trainkit.plots.reliability_diagram import reliability_diagram

# Confidences 0.6, 0.7 and 0.9, 1.0 of which one, then both are right.
LABELS = [1, 1, 0, 1]
PROBABILITIES = [0.6, 0.3, 0.1, 1.0]


@pytest.fixture(autouse=True)
def closed():
    yield
    pyplot.close("all")


def boxes(ax, container):
    bars = ax.containers[container]
    return np.array([np.ravel(bar.get_bbox().get_points()) for bar in bars])


def test_the_bars_are_the_accuracies_and_the_gaps():
    ax = reliability_diagram(LABELS, PROBABILITIES, n_bins=5)
    # Left, bottom, right, top.
    np.testing.assert_allclose(
        boxes(ax, 0), [[0.4, 0, 0.6, 1], [0.6, 0, 0.8, 0], [0.8, 0, 1, 1]]
    )
    np.testing.assert_allclose(
        boxes(ax, 1),
        [[0.4, 0.6, 0.6, 1], [0.6, 0, 0.8, 0.7], [0.8, 0.95, 1, 1]],
    )


def test_the_histogram_has_the_share_of_each_bin():
    ax = reliability_diagram(LABELS, PROBABILITIES, n_bins=5)
    (above,) = ax.child_axes
    np.testing.assert_allclose(boxes(above, 0)[:, 3], [0.25, 0.25, 0.5])
    assert above.get_xlim() == ax.get_xlim() == (0, 1)


def test_the_calibration_error_is_written_into_it():
    ax = reliability_diagram(LABELS, PROBABILITIES, n_bins=5)
    # (0.4 + 0.7 + 2 * 0.05) / 4
    assert [text.get_text() for text in ax.texts] == ["ECE 0.300"]


def test_bins_of_equal_mass_are_drawn_at_their_edges():
    ax = reliability_diagram(
        LABELS, PROBABILITIES, n_bins=2, strategy="quantile"
    )
    np.testing.assert_allclose(
        boxes(ax, 0)[:, [0, 2]], [[0.6, 0.8], [0.8, 1.0]]
    )


def test_a_bin_of_equal_confidences_can_be_seen():
    ax = reliability_diagram([1] * 4, [0.75] * 4, strategy="quantile")
    ((left, bottom, right, top),) = boxes(ax, 0)
    assert (left, bottom, top) == (0.75, 0, 1)
    assert right > left


def test_the_diagonal_is_where_confidence_is_accuracy():
    ax = reliability_diagram(LABELS, PROBABILITIES)
    (line,) = ax.lines
    np.testing.assert_array_equal(line.get_xdata(), line.get_ydata())
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("confidence", "accuracy")


def test_it_draws_into_given_axes():
    figure, ax = pyplot.subplots()
    assert reliability_diagram(LABELS, PROBABILITIES, ax=ax) is ax
    assert pyplot.get_fignums() == [figure.number]


def test_bad_probabilities_are_refused_before_a_figure_is_made():
    with pytest.raises(ValueError, match="softmax"):
        reliability_diagram(LABELS, [2.0, -1.0, 0.5, 0.5])
    assert pyplot.get_fignums() == []
