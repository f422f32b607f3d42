import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_trainkit.kernels.dropout import alpha_affine
from keras_trainkit.kernels.dropout import mask_shape
from keras_trainkit.kernels.dropout import threshold
from keras_trainkit.kernels.dropout import used_rate


@pytest.mark.parametrize(
    "rate, expected",
    [(0, 0), (1, 65536), (0.5, 32768), (0.25, 16384), (1e-9, 1)]
    + [(1 - 1e-9, 65535), (0.1, 6554)],
)
def test_thresholds(rate, expected):
    assert threshold(rate) == expected


@given(st.floats(2**-17, 1 - 2**-17))
def test_the_used_rate_is_near_the_one_asked_for(rate):
    assert abs(used_rate(rate) - rate) <= 2**-17


@given(st.floats(0, 1))
def test_only_0_and_1_are_not_random(rate):
    assert (0 < used_rate(rate) < 1) == (0 < rate < 1)
    assert abs(used_rate(rate) - rate) <= 2**-16


@given(st.floats(0, 0.9))
def test_alpha_dropout_keeps_mean_0_and_variance_1(rate):
    a, b, dropped = alpha_affine(rate)
    mean = (1 - rate) * b + rate * dropped
    square = (1 - rate) * (a**2 + b**2) + rate * dropped**2
    np.testing.assert_allclose([mean, square], [0, 1], atol=1e-9)


MASKS = {
    "of the inputs": (None, (3, 4), (3, 4)),
    "of each row": ((None, 1), (3, 4), (3, 1)),
    "for all rows": ((1, None), (3, 4), (1, 4)),
    "of lower rank": ((4,), (3, 4), (4,)),
    "of lower rank, from the front": ((None, 4), (5, 5, 4), (5, 4)),
    "a list": ([None, 2, 1], (3, 2, 5), (3, 2, 1)),
    "one number": ((), (3, 4), ()),
}


@pytest.mark.parametrize("noise_shape, shape, found", MASKS.values(), ids=MASKS)
def test_shapes_of_masks(noise_shape, shape, found):
    assert mask_shape(noise_shape, shape) == found
    np.broadcast_to(np.zeros(found), shape)


NO_MASKS = {
    "of higher rank": ((1, None, None), (3, 4)),
    "another size": ((3, 5), (3, 4)),
    "more rows": ((8, 4), (1, 4)),
    "rows in the place of columns": ((None,), (3, 4)),
}


@pytest.mark.parametrize("noise_shape, shape", NO_MASKS.values(), ids=NO_MASKS)
def test_masks_that_do_not_fit_are_refused(noise_shape, shape):
    with pytest.raises(ValueError, match=r"`noise_shape` must be .* broadcast"):
        mask_shape(noise_shape, shape)
