"""Which sizes are good, and what is printed and drawn of them."""

import numpy as np
import pytest
from matplotlib import pyplot

from keras_trainkit.tuning.batch_size_points import BatchSizeCurve
from keras_trainkit.tuning.batch_size_points import BatchSizePoint


def point(size, *losses):
    return BatchSizePoint(size, 0.1, 100.0 * size, 10, losses)


@pytest.mark.one_backend
def test_the_lowest_loss_and_what_is_as_good_within_the_noise():
    found = BatchSizeCurve(
        [point(8, 0.9, 0.92), point(16, 0.5, 0.6), point(32, 0.55, 0.62)],
        "loss",
    )
    assert found.best.batch_size == 16
    assert [one.batch_size for one in found.as_good] == [16, 32]
    assert str(found).splitlines()[-1] == (
        "Lowest loss at 16; within the noise of it: 16, 32."
    )
    assert repr(found) == "<BatchSizeCurve: [8, 16, 32], lowest loss at 16>"
    ax = found.plot()
    drawn = ax.lines[0].get_xydata()[:, 1]
    np.testing.assert_allclose(drawn, [0.91, 0.55, 0.585])
    pyplot.close("all")


@pytest.mark.one_backend
def test_one_repeat_tells_nothing_of_noise():
    found = BatchSizeCurve([point(8, 0.9), point(16, 0.5)], "loss")
    assert [one.batch_size for one in found.as_good] == [16]
    assert "-" in str(found).splitlines()[1].split()
