import pytest

from keras_trainkit.kernels.batch_scaling import doublings
from keras_trainkit.kernels.batch_scaling import scaled_rate


@pytest.mark.parametrize(
    "rule, expected", [("linear", 0.4), ("sqrt", 0.2), (None, 0.1)]
)
def test_four_times_the_batch(rule, expected):
    assert scaled_rate(0.1, 128, 32, rule) == pytest.approx(expected)
    assert scaled_rate(expected, 32, 128, rule) == pytest.approx(0.1)


@pytest.mark.parametrize(
    "least, most, sizes",
    [(8, 64, [8, 16, 32, 64]), (8, 63, [8, 16, 32]), (5, 5, [5])],
)
def test_sizes_double_up_to_the_largest(least, most, sizes):
    assert doublings(least, most) == sizes
