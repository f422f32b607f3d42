import keras
import pytest

from keras_trainkit.diagnostics.shape_errors.scene import Scene
from keras_trainkit.diagnostics.shape_errors.scene import layer_of_node
from keras_trainkit.diagnostics.shape_errors.scene import shape_of
from tests.helpers.explained import TwoSizes
from tests.helpers.explained import values


def scene_of(broken):
    with pytest.raises(Exception) as raised:
        broken()
    return Scene(raised.value)


def nested():
    block = keras.Sequential(
        [keras.Input((8,)), keras.layers.Dense(4, name="dense")], name="block"
    )
    return keras.Sequential([keras.Input((8,)), block], name="net")


def test_layers_have_the_paths_of_nested_models():
    model = nested()
    scene = scene_of(lambda: model(values(3, 7)))
    assert list(scene.layers) == ["block", "block/dense"]
    assert scene.model is model


def test_the_layer_that_failed_is_the_user_s_own():
    scene = scene_of(lambda: TwoSizes(name="mix")(values(2, 8)))
    assert scene.layer.name == "mix"
    assert scene.input_shapes() == [(2, 8)]
    assert "mix/query" in scene.layers


NODES = {
    "as it is": ("net/dense/MatMul", "dense"),
    "met again": ("net_1/dense_1/MatMul", "dense"),
    "one that ends in a number": ("net_1/dense_1_1/MatMul", "dense_1"),
    "its gradient": ("gradient_tape/net_1/words_1/Gather", "words"),
    "a part of it": ("net_1/memory_1/lstm_cell_1/MatMul", "memory"),
    "of no layer": ("compile_loss/mse/sub", None),
}


@pytest.mark.parametrize("node, name", NODES.values(), ids=NODES)
def test_names_that_tensorflow_has_numbered(node, name):
    layers = [
        keras.layers.Dense(1, name="dense"),
        keras.layers.Dense(1, name="dense_1"),
        keras.layers.Embedding(3, 2, name="words"),
        keras.layers.LSTM(3, name="memory"),
    ]
    assert getattr(layer_of_node(node, layers), "name", None) == name


@pytest.mark.parametrize(
    "value, shape",
    [
        (values(2, 3), (2, 3)),
        (keras.KerasTensor((None, 4)), (None, 4)),
        ("text", None),
    ],
    ids=["an array", "a symbol", "none"],
)
def test_the_shape_of_a_value(value, shape):
    assert shape_of(value) == shape
