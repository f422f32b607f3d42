import numpy as np
import pytest
from matplotlib import pyplot

from keras_trainkit.plots.batch_size_curve import plot_batch_size_curve

CURVE = ([32, 64, 128], [0.5, 0.4, 0.6], [0.1, np.nan, 0.2], [9.0, 15.0, 20.0])


@pytest.fixture(autouse=True)
def closed():
    yield
    pyplot.close("all")


def test_losses_and_throughput_have_an_axis_each():
    ax = plot_batch_size_curve(*CURVE, label="val_loss")
    (right,) = [one for one in ax.figure.axes if one is not ax]
    np.testing.assert_array_equal(ax.lines[0].get_xydata().T, CURVE[:2])
    np.testing.assert_array_equal(
        right.lines[0].get_xydata().T, [CURVE[0], CURVE[3]]
    )
    assert (ax.get_xscale(), ax.get_ylabel()) == ("log", "val_loss")
    assert right.get_ylim()[0] == 0


def test_it_draws_into_given_axes():
    _, ax = pyplot.subplots()
    assert plot_batch_size_curve(*CURVE, ax=ax) is ax


@pytest.mark.parametrize("curve", [([],) * 4, ([32], [1.0], [0.1], [1.0, 2.0])])
def test_what_does_not_fit_is_refused(curve):
    with pytest.raises(ValueError, match="of one length that is above 0"):
        plot_batch_size_curve(*curve)
    assert pyplot.get_fignums() == []
