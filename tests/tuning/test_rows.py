"""Any number of rows, of any structure of arrays."""

import keras
import numpy as np
import pytest

from keras_trainkit.tuning.rows import ArrayRows

X = np.arange(6.0).reshape(3, 2)


def test_first_rows_are_not_copied():
    found = ArrayRows({"x": X, "y": None}).first(2)
    assert list(found) == ["x"]
    assert np.shares_memory(found["x"], X)
    np.testing.assert_array_equal(found["x"], X[:2])


def test_rows_are_repeated_in_step_where_there_are_too_few():
    rows = ArrayRows({"x": {"a": X, "b": [X + 1, X + 2]}, "y": X[:, 0]})
    found = rows.first(7)
    order = [0, 1, 2, 0, 1, 2, 0]
    np.testing.assert_array_equal(found["x"]["a"], X[order])
    np.testing.assert_array_equal(found["x"]["b"][1], X[order] + 2)
    np.testing.assert_array_equal(found["y"], X[order, 0])


def test_rows_are_drawn_by_a_seed_and_stay_together():
    many = np.arange(40.0)
    rows = ArrayRows({"x": many[:, None], "y": many})
    first, again, other = (rows.drawn(32, seed)["y"] for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert set(first) != set(other) and len(set(first)) == 32
    np.testing.assert_array_equal(rows.drawn(32, 0)["x"][:, 0], first)
    assert rows.drawn(40, 0)["y"] is many


def test_the_backends_tensors_are_arrays():
    rows = ArrayRows({"x": keras.ops.convert_to_tensor(X)})
    np.testing.assert_array_equal(rows.first(1)["x"], X[:1])
    assert rows.count == 3


REFUSED = {
    "a generator": ({"x": iter([X])}, TypeError, "`x` must be an array, or"),
    "numbers": ({"x": [1.0, 2.0]}, TypeError, "`x` must be an array, or"),
    "a scalar": ({"x": X, "y": np.float32(1)}, TypeError, "`y` must be an"),
    "unequal": ({"x": X, "y": X[:2]}, ValueError, r"of one length.*\[3, 2\]"),
    "empty": ({"x": X[:0]}, ValueError, "of one length that is above 0"),
    "nothing": ({"x": None}, TypeError, "`x` must be an array, or"),
}


@pytest.mark.parametrize("arrays, error, why", REFUSED.values(), ids=REFUSED)
def test_what_has_no_rows_is_refused(arrays, error, why):
    with pytest.raises(error, match=why):
        ArrayRows(arrays)
