"""Passes over data, each behind the last one."""

import keras
import numpy as np
import pytest

from keras_trainkit.batch_norm.repeated_batches import RepeatedBatches
from tests.helpers.arrays import to_numpy

X = np.arange(10, dtype="float32").reshape(5, 2)


class Reads(keras.utils.PyDataset):
    """Counts how often it is read."""

    def __init__(self):
        super().__init__()
        self.read = 0

    def __len__(self):
        return 3

    def __getitem__(self, index):
        self.read += 1
        return X[2 * index : 2 * index + 2]


def plus(number, calls):
    def part(pairs):
        calls.append(number)
        return [(value + number, mask) for value, mask in pairs]

    return part


def with_sum(part):
    def measured(pairs):
        pairs = part(pairs)
        return pairs, to_numpy(pairs[0][0]).sum()

    return measured


# Bytes to keep; how often parts run, and how often batches are read.
LIMITS = {
    "kept": (10**6, [1] * 6 + [2] * 3, 3),
    "not kept": (0, [1] * 6 + [1, 2] * 3, 9),
    "one batch too many": (39, [1] * 6 + [1, 2] * 3, 9),
}


@pytest.mark.one_backend
@pytest.mark.parametrize("name", LIMITS)
def test_what_is_kept_is_not_computed_again(name):
    limit, expected, reads = LIMITS[name]
    data, calls = Reads(), []
    batches = RepeatedBatches(data, 2, None, memory_limit=limit)
    first, second = plus(1, calls), plus(2, calls)
    for _ in range(2):
        # A level that is not settled is passed again from where it began.
        assert list(batches.through(with_sum(first))) == [10, 26, 19]
    batches.go_on(first)
    assert list(batches.through(with_sum(second))) == [18, 34, 23]
    assert calls == expected
    assert data.read == reads + (3 if limit > 100 else 0)


@pytest.mark.one_backend
@pytest.mark.filterwarnings("ignore:Your input ran out of data")
def test_a_generator_is_read_once():
    batches = RepeatedBatches(((X[i : i + 2],) for i in (0, 2)), 2, None, 0)
    part = with_sum(plus(0, []))
    assert list(batches.through(part)) == list(batches.through(part)) == [6, 22]


@pytest.mark.one_backend
def test_no_data_is_an_error():
    with pytest.raises(ValueError, match="no batch"):
        list(RepeatedBatches(X[:0], 2, None).through(lambda x: (x, x)))
