import keras
import numpy as np
import pytest

from keras_trainkit.backend.model.tensors import as_tensor
from keras_trainkit.backend.model.tensors import computed_wide
from keras_trainkit.backend.model.tensors import is_float
from keras_trainkit.backend.model.tensors import to_numpy

DTYPES = {"float64": "float32", "int32": "int32", "bool": "bool"}


@pytest.mark.parametrize("given, expected", DTYPES.items(), ids=DTYPES)
def test_arrays_become_what_fit_makes_of_them(given, expected):
    made = as_tensor(np.ones((2,), given))
    assert keras.backend.standardize_dtype(made.dtype) == expected
    assert is_float(made) == (expected == "float32")


def test_what_is_no_number_stays():
    words = np.array(["a", "b"])
    assert as_tensor(words) is words
    assert as_tensor(None) is None


def test_bfloat16_comes_as_float32():
    value = keras.ops.cast(keras.ops.ones((2,)), "bfloat16")
    assert to_numpy(value).dtype == "float32"


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_what_is_computed_wide_has_the_dtype_of_the_input(dtype):
    seen = []

    def noted(x):
        seen.append(keras.backend.standardize_dtype(x.dtype))
        return x * 2

    y = computed_wide(noted, keras.ops.ones((2,), dtype))
    assert keras.backend.standardize_dtype(y.dtype) == dtype
    wide = dtype == "float16" and keras.backend.backend() != "torch"
    assert seen == ["float32" if wide else dtype]
