"""How far the outputs of two models are apart."""

import keras
import numpy as np
import pytest

from keras_trainkit.models.comparison import drawn_sample
from keras_trainkit.models.comparison import largest_difference

layers = keras.layers


def scaled(*factors):
    x = keras.Input((2,))
    return keras.Model(x, [layers.Rescaling(one)(x) for one in factors])


def test_each_output_is_measured_against_its_own_largest_value():
    x = np.array([[1.0, -4.0]])
    found = largest_difference(scaled(1.0, 100.0), scaled(1.5, 101.0), x)
    np.testing.assert_allclose(found, 0.5, rtol=1e-6)


def test_outputs_of_zeros_are_measured_as_they_are():
    x = np.array([[1.0, -4.0]])
    assert largest_difference(scaled(0.0), scaled(0.25), x) == 1.0


@pytest.mark.one_backend
def test_a_sample_has_the_shapes_and_the_structure_of_the_inputs():
    x, y = keras.Input((3, 2), name="x"), keras.Input((1,), name="y")
    joined = layers.Concatenate()([layers.Flatten()(x), y])
    model = keras.Model({"x": x, "y": y}, joined)
    found = drawn_sample(model)
    assert {name: one.shape for name, one in found.items()} == {
        "x": (2, 3, 2),
        "y": (2, 1),
    }


@pytest.mark.one_backend
@pytest.mark.parametrize(
    "tensor",
    [keras.Input((None, 2)), keras.Input((2,), dtype="int32")],
    ids=["unknown size", "integers"],
)
def test_what_cannot_be_drawn_is_none(tensor):
    assert drawn_sample(keras.Model(tensor, layers.Identity()(tensor))) is None
