"""Against curves that diverge where one can see it."""

import numpy as np
import pytest

from keras_trainkit.kernels.curves.search_divergence import finite_part

CURVES = {
    "calm": ([1.0] * 50, 50),
    "a nan": ([1.0] * 5 + [np.nan] + [1.0] * 5, 5),
    "an infinity at once": ([np.inf, 1.0], 0),
    "a blow-up": ([1.0] * 20 + [100.0] * 5, 20),
    "a rise below the threshold": ([1.0] * 20 + [3.0] * 30, 50),
    "down and back to the first": ([8.0] * 12 + [1.0] * 99 + [7.0] * 99, 210),
    "negative, falling": (list(-np.arange(1.0, 60.0)), 59),
    "negative, blowing up": ([-2.0] * 20 + [50.0] * 9, 21),
    "noise at the start": ([0.1, 3.0, 2.0, 3.0, 2.0] * 5, 25),
}


@pytest.mark.parametrize("losses, end", CURVES.values(), ids=CURVES)
def test_where_the_divergence_is_seen(losses, end):
    assert finite_part(np.array(losses), 0.9, 4.0) == end


def test_without_a_threshold_only_the_infinite_diverges():
    losses = [1.0] * 20 + [1e30, 1e35, np.inf]
    assert finite_part(np.array(losses), 0.9, None) == 22
