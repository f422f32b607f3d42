import keras
import pytest

from keras_trainkit.pretraining.layer_chain import chain_of
from keras_trainkit.pretraining.layer_chain import shapes_along

L = keras.layers


def inner(name="inner"):
    layers = [L.Dense(3, name=f"{name}_1"), L.Dense(3, name=f"{name}_2")]
    return keras.Sequential([keras.Input((3,)), *layers], name=name)


def twice_nested():
    inputs = keras.Input((4,))
    x = inner()(L.Dense(3, name="first")(inputs))
    model = keras.Model(inputs, x, name="middle")
    return keras.Sequential(
        [keras.Input((4,)), model, L.Dense(2, name="last")], name="encoder"
    )


def shared():
    inputs, layer = keras.Input((3,)), L.Dense(3, name="shared")
    return keras.Model(inputs, layer(layer(inputs)), name="encoder")


def around_a_model():
    """The input goes past the model inside, too."""
    inputs = keras.Input((3,))
    x = inner()(inputs)
    return keras.Model(inputs, L.Add()([x, inputs]), name="encoder")


def two_inputs_inside():
    one, other = keras.Input((3,)), keras.Input((3,))
    both = keras.Model([one, other], L.Add()([one, other]), name="both")
    inputs = keras.Input((3,))
    return keras.Model(inputs, both([inputs, inputs]), name="encoder")


@pytest.mark.parametrize(
    "make, names",
    [
        (twice_nested, ["first", "inner_1", "inner_2", "last"]),
        (shared, ["shared", "shared"]),
    ],
)
def test_layers_come_in_the_order_of_calls(make, names):
    found = chain_of(make(), "otherwise")
    assert [layer.name for layer in found] == names


@pytest.mark.parametrize("make", [around_a_model, two_inputs_inside])
def test_what_branches_is_refused(make):
    with pytest.raises(ValueError, match=r"one input and one output.*Do so"):
        chain_of(make(), "Do so")


def test_shapes_before_and_behind():
    layers = [L.Conv1D(5, 3), L.MaxPooling1D(2), L.Flatten()]
    found = shapes_along(layers, (8, 2))
    assert found == [(8, 2), (6, 5), (3, 5), (15,)]
