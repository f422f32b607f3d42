import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_trainkit.kernels.curves.phases import ANNEAL
from keras_trainkit.kernels.curves.phases import Phase
from keras_trainkit.kernels.curves.phases import piecewise
from tests.helpers.arrays import to_numpy

UP_DOWN = [Phase(0, 4.5, 1.0, 3.0), Phase(4.5, 9, 3.0, -1.0)]


@pytest.mark.parametrize(
    ("anneal", "half"), [("linear", 2.0), ("cos", 2.0)], ids=["linear", "cos"]
)
def test_middle_of_a_phase_is_the_mean_of_its_ends(anneal, half):
    phase = [Phase(0, 4, 1.0, 3.0)]
    assert piecewise(2, phase, ANNEAL[anneal]) == pytest.approx(half)


def test_cos_is_flat_at_both_ends_and_linear_is_not():
    phase = [Phase(0, 1000, 0.0, 1.0)]
    cos = piecewise(np.array([1, 999]), phase, ANNEAL["cos"])
    linear = piecewise(np.array([1, 999]), phase, ANNEAL["linear"])
    np.testing.assert_allclose(cos, [2.467e-6, 1 - 2.467e-6], rtol=1e-3)
    np.testing.assert_allclose(linear, [1e-3, 1 - 1e-3])


def test_constant_before_and_after():
    values = piecewise(np.array([-5, 0, 9, 10, 10**9]), UP_DOWN)
    np.testing.assert_array_equal(values, [1.0, 1.0, -1.0, -1.0, -1.0])


@given(position=st.integers(-3, 12), anneal=st.sampled_from(sorted(ANNEAL)))
def test_ops_agree_with_numpy(position, anneal):
    tensor = keras.ops.convert_to_tensor(position, dtype="int32")
    inside = piecewise(tensor, UP_DOWN, ANNEAL[anneal], keras.ops, "float32")
    outside = piecewise(position, UP_DOWN, ANNEAL[anneal])
    np.testing.assert_allclose(to_numpy(inside), outside, atol=1e-6)


@pytest.mark.parametrize("offset", [0, 1, 2, 3])
def test_positions_beyond_float32_keep_their_resolution(offset):
    start = 2**25
    phases = [Phase(0, start, 0.0, 0.0), Phase(start, start + 4, 0.0, 1.0)]
    tensor = keras.ops.convert_to_tensor(start + offset, dtype="int32")
    value = piecewise(tensor, phases, xp=keras.ops, dtype="float32")
    assert float(to_numpy(value)) == offset / 4
