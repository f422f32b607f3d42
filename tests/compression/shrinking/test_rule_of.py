"""What is left as it is, and the reasons."""

import keras
import pytest

from keras_trainkit.compression import shrink
from tests.helpers.dead_weights import filled
from tests.helpers.dead_weights import kill

layers = keras.layers
pytestmark = pytest.mark.one_backend


class Own(layers.Dense):
    """A class of the user's own, of which nothing is known."""


# What reads units of which two are dead; what is said of it.
READERS = {
    "recurrent": (lambda: layers.LSTM(2, name="r"), "tied by its state"),
    "attention": (
        lambda: lambda x: layers.MultiHeadAttention(1, 2, name="r")(x, x),
        "attention mixes",
    ),
    "normalised": (
        lambda: layers.LayerNormalization(name="r"),
        "normalises its units together",
    ),
    "wrapped": (
        lambda: layers.TimeDistributed(layers.Dense(2), name="r"),
        "a wrapper holds",
    ),
    "einsum": (
        lambda: layers.EinsumDense("abc,cd->abd", (None, 2), name="r"),
        "EinsumDense may mix",
    ),
    "of one's own": (lambda: Own(2, name="r"), "Own may mix"),
    "along places": (
        lambda: layers.BatchNormalization(axis=1, name="r"),
        "along another axis",
    ),
}


@pytest.mark.parametrize("kind", READERS)
def test_what_is_read_by_these_stays(kind):
    make, said = READERS[kind]
    x = keras.Input((3, 4))
    y = layers.Dense(5, name="a")(x)
    y = layers.Dense(5, name="b")(make()(layers.Dense(4, name="c")(y)))
    model = filled(keras.Model(x, y))
    kill(model.get_layer("a"), [0])
    kill(model.get_layer("c"), [1, 2])

    shrinking = shrink(model)

    assert [one.path for one in shrinking.removed] == ["a"]
    assert said in shrinking.left["c"]
    assert said in shrinking.left["r"]
    assert shrinking.largest_difference < 1e-5


def test_a_softmax_inside_keeps_its_units():
    model = filled(
        keras.Sequential(
            [
                keras.Input((4,)),
                layers.Dense(5, activation="softmax", name="a"),
                layers.Dense(4, name="b"),
                layers.Dense(2, name="c"),
            ]
        )
    )
    kill(model.get_layer("a"), [0])
    kill(model.get_layer("b"), [0])

    shrinking = shrink(model)

    assert [one.path for one in shrinking.removed] == ["b"]


@pytest.mark.parametrize(
    "change",
    [lambda layer: layer.enable_lora(2), lambda layer: layer.quantize("int8")],
    ids=["LoRA", "int8"],
)
def test_other_kernels_are_left(change):
    model = filled(
        keras.Sequential(
            [keras.Input((4,)), *(layers.Dense(6, name=n) for n in "abcd")]
        )
    )
    kill(model.get_layer("a"), [0])
    kill(model.get_layer("b"), [0])
    change(model.get_layer("c"))

    shrinking = shrink(model)

    assert [one.path for one in shrinking.removed] == ["a"]
    assert "quantised, or uses LoRA" in shrinking.left["b"]
    assert "quantised, or uses LoRA" in shrinking.left["c"]
    assert shrinking.largest_difference < 1e-5


def test_a_layer_called_along_two_axes_keeps_its_weights():
    x = keras.Input((5, 5))
    shared = layers.Dense(5, name="shared")
    y = shared(layers.Dense(5, name="a")(x))
    z = shared(layers.Permute((2, 1))(layers.Dense(5, name="b")(x)))
    model = filled(keras.Model(x, layers.Dense(2)(layers.Add()([y, z]))))
    kill(model.get_layer("a"), [0])
    kill(model.get_layer("b"), [0])
    kill(shared, [1])

    shrinking = shrink(model)

    assert shrinking.removed == ()
    assert set(shrinking.left) >= {"a", "b", "shared"}
