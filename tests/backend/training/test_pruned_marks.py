"""What is marked is zero, in every dtype; marks are read as written."""

import keras
import numpy as np
import pytest

from keras_trainkit.backend.training import pruned_marks
from tests.helpers.arrays import to_numpy
from tests.helpers.models import linear_model

DTYPES = ["float16", "bfloat16", "float32"]
if keras.backend.backend() != "jax":
    DTYPES.append("float64")
MARKED = np.array([True, True, False, False])


@pytest.mark.parametrize("dtype", DTYPES)
def test_zeros_are_positive_and_nan_is_no_exception(dtype):
    variable = keras.Variable(np.array([-1.0, np.nan, -2.0, 3.0]), dtype=dtype)
    mark = pruned_marks.make_mark(linear_model(), variable)
    assert not to_numpy(pruned_marks.read_mark(mark)).any()
    pruned_marks.zero_marked([variable], [mark])
    assert to_numpy(variable.value)[0] == -1
    pruned_marks.write_mark(mark, keras.ops.convert_to_tensor(MARKED))
    assert to_numpy(pruned_marks.read_mark(mark)).tolist() == MARKED.tolist()
    pruned_marks.zero_marked([variable], [mark])
    found = to_numpy(keras.ops.cast(variable.value, "float32"))
    assert found.tolist() == [0, 0, -2, 3]
    assert not np.signbit(found[:2]).any()


@pytest.mark.parametrize("tensor", [False, True])
def test_they_are_written_where_a_condition_holds(tensor):
    variable = keras.Variable(np.ones(4))
    mark = pruned_marks.make_mark(linear_model(), variable)
    for wanted in (False, True):
        condition = keras.ops.convert_to_tensor(wanted) if tensor else wanted
        pruned_marks.mark_when(
            condition,
            lambda: [keras.ops.convert_to_tensor(MARKED)],
            [mark],
            [variable],
            [mark],
        )
        assert to_numpy(pruned_marks.read_mark(mark)).any() == wanted
        zeros = to_numpy(variable.value) == 0
        assert zeros.tolist() == (MARKED & wanted).tolist()
