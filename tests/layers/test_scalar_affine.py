import numpy as np
import pytest
from keras.src.testing import TestCase

from keras_trainkit.layers import ScalarAffine
from tests.helpers.arrays import to_numpy


def test_keras_layer_checks():
    TestCase().run_layer_test(
        ScalarAffine,
        init_kwargs={"start": 0.5},
        input_shape=(2, 3),
        expected_output_shape=(2, 3),
        expected_num_trainable_weights=2,
        expected_num_non_trainable_weights=0,
        expected_num_losses=0,
        supports_masking=True,
        run_training_check=False,
        run_mixed_precision_check=True,
    )


@pytest.mark.parametrize(
    ("options", "expected"),
    [({}, [7, 11]), ({"bias": False}, [4, 8]), ({"multiplier": False}, [5, 7])],
    ids=["both", "multiplier", "bias"],
)
def test_it_multiplies_and_adds(options, expected):
    layer = ScalarAffine(**options)
    layer.build((None, 2))
    numbers = {"scale": 2.0, "shift": 3.0}
    for variable in layer.weights:
        variable.assign(numbers[variable.name])
    outputs = to_numpy(layer(np.array([[2.0, 4.0]], "float32")))
    assert outputs.tolist() == [expected]


@pytest.mark.one_backend
def test_neither_is_refused():
    with pytest.raises(ValueError, match="`bias` must be True"):
        ScalarAffine(multiplier=False, bias=False)


@pytest.mark.one_backend
@pytest.mark.parametrize(
    "options", [{"bias": 1}, {"multiplier": None}, {"start": "1"}], ids=str
)
def test_bad_arguments(options):
    with pytest.raises(TypeError, match="must be"):
        ScalarAffine(**options)
