import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from tests.helpers.arrays import to_numpy


@keras.saving.register_keras_serializable(package="tests")
def ramp(shape, dtype=None):
    return keras.ops.reshape(
        keras.ops.arange(np.prod(shape), dtype=dtype), shape
    )


@pytest.mark.parametrize(
    "inner",
    [keras.initializers.HeNormal(seed=3), "identity", ramp],
    ids=["object", "name", "function"],
)
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_it_multiplies(inner, dtype):
    values = ktk.initializers.Scaled(inner, 0.25)((4, 4), dtype=dtype)
    plain = keras.initializers.get(inner)((4, 4), dtype=dtype)
    assert keras.backend.standardize_dtype(values.dtype) == dtype
    np.testing.assert_array_equal(to_numpy(values), to_numpy(plain) * 0.25)


def test_it_is_saved_with_its_model(tmp_path):
    initializer = ktk.initializers.Scaled(
        ktk.initializers.Scaled(keras.initializers.HeNormal(seed=1), 2), 0.5
    )
    model = keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.Dense(2, kernel_initializer=initializer),
            keras.layers.Dense(
                2, kernel_initializer=ktk.initializers.Scaled(ramp, 0.5)
            ),
        ]
    )
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    again = loaded.layers[0].kernel_initializer
    np.testing.assert_allclose(
        to_numpy(again((3, 2))), to_numpy(initializer((3, 2))), rtol=1e-6
    )
    last = loaded.layers[1].kernel_initializer
    assert to_numpy(last((2, 2))).tolist() == [[0, 0.5], [1, 1.5]]


@pytest.mark.one_backend
@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("he_normal", 0), ValueError),
        (("he_normal", float("inf")), ValueError),
        (("he_normal", "2"), TypeError),
        (("no_such", 1.0), ValueError),
        ((3, 1.0), TypeError),
        ((None, 1.0), TypeError),
    ],
    ids=str,
)
def test_bad_arguments(arguments, error):
    with pytest.raises(error, match="must be"):
        ktk.initializers.Scaled(*arguments)
