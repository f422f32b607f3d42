import keras
import numpy as np
import pytest

from keras_trainkit.kernels.data_checks import require_arrays
from keras_trainkit.kernels.data_checks import require_data

ROWS = np.ones((2, 3))


class Batches(keras.utils.PyDataset):
    def __len__(self):
        return 1

    def __getitem__(self, place):
        return ROWS


class Images(Batches):
    shape = 224


ARRAYS = {
    "an array": lambda: ROWS,
    "a tensor": lambda: keras.ops.ones((2, 3)),
    "a list": lambda: [ROWS, ROWS],
    "a dictionary": lambda: {"a": ROWS, "b": (ROWS,)},
    "an optional input": lambda: [ROWS, None],
}
BATCHES = {
    "a generator": lambda: iter([ROWS]),
    "a PyDataset": Batches,
    "a PyDataset with a shape": Images,
}
NO_DATA = {
    "nothing": None,
    "a number": 3.0,
    "a number as an array": np.array(3.0),
    "a string": "data",
    "a class": Batches,
    "an object": object(),
    "an empty list": [],
    "a list of nothing": [None],
    "numbers": [1.0, 2.0],
    "an object inside": {"a": ROWS, "b": object()},
}


@pytest.mark.parametrize("make", ARRAYS.values(), ids=ARRAYS)
def test_arrays_are_arrays_and_data(make):
    assert require_arrays("x", make()) is None
    assert require_data("x", make()) is None


@pytest.mark.parametrize("make", BATCHES.values(), ids=BATCHES)
def test_batches_are_data_and_no_arrays(make):
    assert require_data("x", make()) is None
    with pytest.raises(TypeError, match="`x` must be an array"):
        require_arrays("x", make())


@pytest.mark.parametrize("data", NO_DATA.values(), ids=NO_DATA)
@pytest.mark.parametrize("require", [require_arrays, require_data])
def test_anything_else_is_refused_by_name(require, data):
    with pytest.raises(TypeError, match="`x` must be an array"):
        require("x", data)
