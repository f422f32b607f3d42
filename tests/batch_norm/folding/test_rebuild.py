import keras
import numpy as np
import pytest

from keras_trainkit.batch_norm.folding.fold import fold
from tests.helpers.arrays import to_numpy
from tests.helpers.normalized import assert_alike
from tests.helpers.normalized import norm
from tests.helpers.normalized import trained

# What copies a graph asks no backend.
pytestmark = pytest.mark.one_backend
layers = keras.layers
Dense = layers.Dense


class Block(layers.Layer):
    """A layer of layers, which is not opened."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.dense, self.norm = Dense(6, name="dense"), norm()

    def build(self, shape):
        self.dense.build(shape)
        self.norm.build(shape)

    def call(self, x):
        return self.norm(self.dense(x))


class Named(keras.Model):
    """A user's functional model."""


def everything():
    """Two inputs, two named outputs, a composite, an operation, a freeze."""
    a, b = keras.Input((6,), name="a"), keras.Input((6,), name="b")
    hidden = norm("hidden_norm")(Dense(6, name="hidden", trainable=False)(a))
    hidden = keras.ops.tanh(hidden) + Block(name="block")(b)
    outputs = {
        "plain": Dense(2, name="plain")(hidden),
        "normal": norm("normal")(Dense(2, name="last")(hidden)),
    }
    return trained(keras.Model({"a": a, "b": b}, outputs, name="all"))


def test_structure_names_and_flags_stay():
    model = everything()
    new = fold(model).model
    assert new.name == "all" and set(new.input) == {"a", "b"}
    assert set(new.output) == {"plain", "normal"}
    assert new.output_names == model.output_names
    assert type(new.get_layer("normal")) is layers.Identity
    assert [one.trainable for one in new.layers if one.name == "hidden"] == [
        False
    ]
    names = [one.name for one in model.layers if one.name != "hidden_norm"]
    assert [one.name for one in new.layers] == names


def test_what_is_in_a_layer_stays():
    folding = fold(everything())
    assert folding.left == {
        "block/norm": "it is inside a layer, which is not opened"
    }
    assert set(folding.folded) == {"hidden_norm", "normal"}


def test_nothing_is_shared_with_the_given_model():
    model = everything()
    x = {name: np.ones((2, 6), "float32") for name in "ab"}
    before = [to_numpy(one.value) for one in model.weights]
    config = model.get_config()
    new = fold(model).model
    assert not {id(v) for v in model.variables} & {id(v) for v in new.variables}
    expected = to_numpy(model(x, training=False))
    for variable in new.variables:
        variable.assign(keras.ops.zeros_like(variable.value))
    for one, other in zip(before, model.weights, strict=True):
        np.testing.assert_array_equal(one, to_numpy(other.value))
    received = to_numpy(model(x, training=False))
    np.testing.assert_array_equal(received["normal"], expected["normal"])
    assert model.get_config() == config


def test_a_functional_model_of_a_class_of_its_own():
    x = keras.Input((6,))
    model = trained(Named(x, norm()(Dense(5, name="dense")(x))))
    folding = fold(model)
    assert folding.folded == {"norm": ("dense",)}
    assert_alike(model, folding.model, (6,))


def test_a_nested_model_of_one_normalization():
    inner = keras.Sequential([keras.Input((5,)), norm()], name="inner")
    model = keras.Sequential([keras.Input((6,)), Dense(5, name="it"), inner])
    folding = fold(trained(model))
    assert folding.folded == {"inner/norm": ("it",)}
    assert type(folding.model.layers[-1]) is keras.Sequential
    assert_alike(model, folding.model, (6,))


def test_normalization_over_time():
    model = keras.Sequential(
        [
            keras.Input((3, 4, 6)),
            layers.TimeDistributed(layers.Conv1D(5, 2), name="it"),
            layers.TimeDistributed(norm(), name="wrapped"),
            layers.ReLU(),
        ]
    )
    folding = fold(trained(model))
    assert folding.folded == {"wrapped/norm": ("it",)}
    assert_alike(model, folding.model, (3, 4, 6))


def test_a_compiled_model_gives_one_that_is_not():
    model = keras.Sequential([keras.Input((6,)), Dense(5), norm()])
    model.compile("adam", "mse")
    assert not fold(model).model.compiled
    assert model.compiled
