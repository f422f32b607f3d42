import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_trainkit.kernels.chunks import chunk_size
from keras_trainkit.kernels.chunks import samples_that_fit

KNOWN = [
    (20, 10, 10),
    (20, 13, 10),
    (100, 8, 5),
    (100, 12, 10),
    (7, 100, 7),
    (101, 1, 1),
    (101, 10, 6),
]


@pytest.mark.parametrize("samples, most, expected", KNOWN)
def test_known_sizes(samples, most, expected):
    assert chunk_size(samples, most) == expected


@given(st.integers(1, 2000), st.integers(1, 300))
def test_it_fits_and_wastes_little(samples, most):
    size = chunk_size(samples, most)
    waste = -samples % size
    assert min(samples, most) / 2 <= size <= min(samples, most)
    assert all(
        waste <= -samples % n for n in range(size, most + 1) if n <= samples
    )


@pytest.mark.parametrize(
    "elements, budget, expected", [(10, 100, 10), (1000, 100, 1), (0, 5, 5)]
)
def test_samples_that_fit(elements, budget, expected):
    assert samples_that_fit(elements, budget) == expected
