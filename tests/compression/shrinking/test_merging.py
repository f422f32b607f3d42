"""Units that are merged go together, or not at all."""

import keras
import numpy as np
import pytest

from keras_trainkit.compression import shrink
from tests.helpers.dead_weights import filled
from tests.helpers.dead_weights import inputs_of
from tests.helpers.dead_weights import kill
from tests.helpers.dead_weights import outputs

layers = keras.layers
pytestmark = pytest.mark.one_backend
MERGES = {
    "add": layers.Add(),
    "subtract": layers.Subtract(),
    "multiply": layers.Multiply(),
    "average": layers.Average(),
    "maximum": layers.Maximum(),
    "minimum": layers.Minimum(),
    "operator": lambda pair: pair[0] + pair[1],
    "in time": layers.Concatenate(axis=1),
}


def two_branches(merge):
    x = keras.Input((3, 4))
    a = layers.Dense(5, name="a")(x)
    b = layers.Dense(5, name="b")(x)
    return filled(keras.Model(x, layers.Dense(2, name="c")(merge([a, b]))))


@pytest.mark.parametrize("kind", MERGES)
def test_what_is_dead_in_all_branches_goes(kind):
    model = two_branches(MERGES[kind])
    kill(model.get_layer("a"), [0, 1], 0.5)
    kill(model.get_layer("b"), [1, 2], 0.5)
    x = inputs_of(model)

    shrinking = shrink(model, x)

    assert [one.after for one in shrinking.removed] == [4, 4]
    assert "merged with units that are not dead" in shrinking.left["a"]
    np.testing.assert_allclose(
        outputs(shrinking.model, x)[0], outputs(model, x)[0], atol=1e-5
    )


def test_a_product_with_zero_is_zero():
    model = two_branches(layers.Multiply())
    kill(model.get_layer("a"), [0, 1], [0.0, 0.5])

    shrinking = shrink(model)

    assert [one.after for one in shrinking.removed] == [4, 4]
    assert shrinking.largest_difference < 1e-6


def test_a_chain_keeps_each_branch_its_own():
    model = two_branches(layers.Concatenate())
    kill(model.get_layer("a"), [0, 1], 0.5)
    kill(model.get_layer("b"), [4], 0.5)

    shrinking = shrink(model)

    assert [one.after for one in shrinking.removed] == [3, 4]
    assert shrinking.largest_difference < 1e-5


def test_what_is_added_to_an_input_stays():
    x = keras.Input((4,))
    y = layers.Add()([x, layers.Dense(4, name="a")(x)])
    model = filled(keras.Model(x, layers.Dense(2, name="b")(y)))
    kill(model.get_layer("a"), [0])

    shrinking = shrink(model)

    assert shrinking.removed == ()
    assert "'add" in shrinking.left["a"]


def test_different_constants_joined_in_time_stay():
    model = two_branches(layers.Concatenate(axis=1))
    kill(model.get_layer("a"), [0], 0.5)
    kill(model.get_layer("b"), [0], 0.25)

    shrinking = shrink(model)

    assert shrinking.removed == ()


def test_a_nested_model_of_several_inputs_is_left():
    one, two = keras.Input((3, 5)), keras.Input((3, 5))
    inner = keras.Model([one, two], layers.Add()([one, two]), name="inner")
    model = two_branches(inner)
    kill(model.get_layer("a"), [0])
    kill(model.get_layer("b"), [0])

    shrinking = shrink(model)

    assert shrinking.removed == ()
    assert "nested model with several inputs" in shrinking.left["a"]
