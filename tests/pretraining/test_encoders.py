import keras
import numpy as np
import pytest

from keras_trainkit.pretraining import encoders
from tests.helpers.models import SubclassedMLP
from tests.helpers.models import mlp


def subclassed():
    model = SubclassedMLP()
    model(np.ones((1, 6)))
    return model


@pytest.mark.parametrize("make", [mlp, subclassed])
@pytest.mark.parametrize(
    "require", [encoders.require_model, encoders.require_trainable]
)
def test_a_built_model_is_accepted(require, make):
    assert require("encoder", make()) is None


def test_a_frozen_model_is_refused():
    model = mlp()
    model.trainable = False
    with pytest.raises(ValueError, match="unfreeze what is to be pretrained"):
        encoders.require_trainable("encoder", model)


def open_model():
    layer = keras.layers.Conv1D(2, 3)
    return keras.Sequential([keras.Input((None, 2)), layer])


@pytest.mark.parametrize(
    "make, given, expected",
    [
        (mlp, None, (8,)),
        (mlp, (8,), (8,)),
        (open_model, None, (None, 2)),
        (open_model, (7, 2), (7, 2)),
        (subclassed, (6,), (6,)),
    ],
)
def test_the_shape_of_the_input(make, given, expected):
    assert encoders.input_shape_of(make(), given) == expected


@pytest.mark.parametrize(
    "make, given",
    [(mlp, (7,)), (mlp, (8, 1)), (open_model, (7, 3)), (subclassed, None)],
)
def test_a_shape_that_does_not_fit_is_refused(make, given):
    with pytest.raises(ValueError, match="`input_shape` must be"):
        encoders.input_shape_of(make(), given)


def test_arrays_are_told_from_other_data():
    assert encoders.is_array(np.ones((2, 3)))
    assert encoders.is_array(keras.ops.ones((2, 3)))
    assert not encoders.is_array([[1, 2]])
    assert not encoders.is_array(np.float32(1))


@pytest.mark.parametrize(
    "x, error", [([1, 2], TypeError), (np.ones((0, 3)), ValueError)]
)
def test_what_is_no_array_of_rows_is_refused(x, error):
    with pytest.raises(error, match="`data` must be"):
        encoders.require_rows("data", x, "")
