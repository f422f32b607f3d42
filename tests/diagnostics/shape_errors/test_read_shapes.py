import keras
import numpy as np
import pytest

from tests.helpers.explained import compiled
from tests.helpers.explained import note_of
from tests.helpers.explained import values
from tests.helpers.younger import needs_refused_pools


def model():
    return compiled(keras.Input((8,)), keras.layers.Dense(4, name="hidden"))


ROWS = {
    "other rows": (values(10, 8), values(9, 4), "x has 10, y has 9"),
    "a row of targets": (values(10, 8), values(1, 10), "write y.T"),
    "a list of rows": (
        [np.ones(8), np.ones(8), np.ones(8)],
        values(3, 4),
        "write np.array(x)",
    ),
}


@pytest.mark.parametrize("x, y, told", ROWS.values(), ids=ROWS)
def test_rows_that_differ(x, y, told):
    assert told in note_of(lambda: model().fit(x, y, verbose=0))


def test_rows_of_the_validation_data_that_differ():
    held = (values(7, 8), values(6, 4))
    note = note_of(
        lambda: model().fit(
            values(10, 8), values(10, 4), validation_data=held, verbose=0
        )
    )
    assert "in validation_data x has 7, y has 6" in note


class Folding(keras.Layer):
    def call(self, x):
        return keras.ops.reshape(x, (-1, 3, 4))


def folded(layer):
    return lambda: keras.Sequential(
        [keras.Input((12,)), keras.layers.Dense(10, name="ten"), layer]
    )


def test_a_reshape_of_keras():
    note = note_of(folded(keras.layers.Reshape((3, 4), name="square")))
    assert "'square' (Reshape) makes rows of (3, 4), that is 12 values" in note
    assert "give 'ten' 12 outputs" in note


def test_a_reshape_of_one_s_own():
    note = note_of(lambda: Folding(name="square")(values(5, 10)))
    assert "'square' (Folding) makes rows of" in note
    assert "12 values" in note
    assert "from 10 values a row" in note


def test_nothing_is_left_of_a_picture():
    layers = [
        keras.Input((8, 8, 1)),
        keras.layers.MaxPooling2D(5),
        keras.layers.Conv2D(2, 3, name="last"),
    ]
    note = note_of(lambda: keras.Sequential(layers))
    assert "nothing is left for 'last' (Conv2D)" in note
    assert "its input is only (1, 1)" in note


def test_a_size_is_unknown():
    layers = [
        keras.Input((None, None, 1)),
        keras.layers.Flatten(),
        keras.layers.Dense(1, name="head"),
    ]
    note = note_of(lambda: keras.Sequential(layers))
    assert "'head' cannot make its weights" in note


@pytest.mark.parametrize(
    "shape, told",
    [((7, 4), "'hidden' has shape (8, 4), the value for it (7, 4)")],
)
def test_weights_of_another_model(shape, told):
    broken = [values(*shape), values(4)]
    built = model()
    assert told in note_of(lambda: built.set_weights(broken))


class Halves(keras.Layer):
    def call(self, x):
        left, right = keras.ops.split(x, 2, axis=-1)
        return left * right


def test_a_split_into_unequal_parts():
    note = note_of(lambda: Halves(name="gate")(values(2, 7)))
    assert "'gate' (Halves) splits an axis into equal parts" in note
    assert "keras.ops.split(x, 2, axis=-1)" in note


def test_a_convolution_inside_of_another_layer():
    layer = keras.layers.TimeDistributed(keras.layers.Conv2D(4, 3), name="each")
    note = note_of(lambda: layer(keras.Input((7, 5))))
    assert "in 'each' (TimeDistributed) a convolution over 2 axes" in note


@pytest.mark.parametrize(
    "layer",
    [
        keras.layers.Conv2D(4, 3, name="last"),
        pytest.param(
            keras.layers.MaxPooling2D(2, name="last"), marks=needs_refused_pools
        ),
    ],
)
def test_pictures_with_their_channels_in_front(layer):
    first = [keras.Input((3, 32, 32)), keras.layers.Conv2D(4, 3)]
    note = note_of(lambda: keras.Sequential([*first, layer]))
    assert "nothing is left for 'last'" in note
    assert "keras.Input((32, 32, 3))" in note.splitlines()[-1]


def test_the_layer_that_slides_is_named_while_it_is_made():
    model = compiled(
        keras.layers.Embedding(9, 8, name="words"),
        keras.layers.Conv1D(4, 5, name="phrases"),
    )
    x = np.zeros((40, 3), "int32")
    note = note_of(lambda: model.fit(x, values(40, 1), verbose=0))
    assert "nothing is left for 'phrases' (Conv1D)" in note
    assert "last batch" not in note
