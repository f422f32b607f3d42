"""Lengths and directions of steps."""

import numpy as np
import pytest

from keras_trainkit.kernels.grafting import KINDS
from keras_trainkit.kernels.grafting import familiar_step
from keras_trainkit.kernels.grafting import with_length_of
from tests.helpers.arrays import to_numpy

pytestmark = pytest.mark.one_backend
AVERAGE = np.array([[1.0, -2.0]], "float32")
SQUARES = np.array([[4.0, 16.0]], "float32")
STEPS = {
    "sgd": [[1.0, -2.0]],
    "adagrad": [[0.5, -0.5]],
    "rmsprop": [[0.5, -0.5]],
    "adam": [[0.25, -0.25]],
}


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind])
def test_a_step_is_that_of_the_formula(kind):
    found = familiar_step(kind, AVERAGE, SQUARES, np.float32(0.25))
    np.testing.assert_allclose(to_numpy(found), STEPS[kind], rtol=1e-6)


def test_the_direction_stays_and_the_length_is_the_other_s():
    direction = np.array([[3e-4, 4e-4]], "float32")
    found = to_numpy(with_length_of(AVERAGE, direction))
    np.testing.assert_allclose(
        found, np.sqrt(5) * np.array([[0.6, 0.8]]), rtol=1e-6
    )


def test_without_a_direction_it_is_the_other_step():
    found = with_length_of(AVERAGE, np.zeros((1, 2), "float32"))
    np.testing.assert_array_equal(to_numpy(found), AVERAGE)
