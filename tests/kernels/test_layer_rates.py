import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_trainkit.kernels.layer_rates import decayed
from keras_trainkit.kernels.layer_rates import geometric

BOUNDS = st.floats(1e-6, 10.0)
COUNTS = st.integers(2, 40)


@given(BOUNDS, BOUNDS, COUNTS)
def test_geometric_is_numpys(lowest, highest, count):
    np.testing.assert_allclose(
        geometric(lowest, highest, count),
        np.geomspace(lowest, highest, count),
        rtol=1e-9,
    )


def test_one_alone_is_the_highest():
    assert geometric(0.01, 1.0, 1) == [1.0]


def test_decayed_counts_from_the_head_as_beit_does():
    # 12 blocks, embeddings below them, a head above: 14 layers.
    assert decayed(0.65, 14) == pytest.approx(
        [0.65 ** (13 - layer) for layer in range(14)]
    )


@given(st.floats(0.1, 1.0), COUNTS)
def test_decayed_is_geometric_and_ends_at_one(decay, count):
    found = decayed(decay, count)
    assert found[-1] == 1.0
    np.testing.assert_allclose(
        found, geometric(decay ** (count - 1), 1.0, count), rtol=1e-9
    )
