import numpy as np
import pytest

from keras_trainkit.kernels.data_facts.rows import distinct_rows
from keras_trainkit.kernels.data_facts.rows import in_order
from keras_trainkit.kernels.data_facts.rows import row_keys
from keras_trainkit.kernels.data_facts.rows import shared_rows

A = np.arange(12.0).reshape(6, 2)
HALVES = np.repeat([0, 1], 40)


def test_equal_values_have_equal_keys():
    whole = row_keys([np.array([[1], [0]]), np.array(["a", "b"])])
    floats = row_keys([np.array([[1.0], [-0.0]]), np.array(["a", "b"])])
    assert whole == floats
    assert whole[0] != whole[1]


def test_shared_and_distinct():
    assert shared_rows([A], [A[::2]]) == 3
    assert shared_rows([A], [A + 1]) == 0
    assert shared_rows([A, A], [A, A[::-1]]) == 0
    assert distinct_rows([np.concatenate([A, A])]) == 6


@pytest.mark.parametrize(
    "ordered, labels",
    [
        (True, HALVES),
        (True, np.repeat(np.arange(5), 16)),
        (True, HALVES.astype(str)),
        (False, np.arange(80) % 2),
        (False, np.random.default_rng(0).permutation(HALVES)),
        (False, np.repeat([0, 1], 5)),
        (False, np.zeros(80)),
        (False, np.r_[np.zeros(78), 1, 1]),
    ],
)
def test_order(ordered, labels):
    assert in_order(labels) is ordered
