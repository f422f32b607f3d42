import keras
import pytest

from tests.helpers.explained import note_of


def ways(size):
    start = keras.Input((8,))
    return [
        keras.layers.Dense(6, name="wide")(start),
        keras.layers.Dense(size, name="narrow")(start),
    ]


def pictures(side):
    start = keras.Input((side, side, 2), name="picture")
    half = keras.layers.MaxPooling2D(2)(start)
    return [start, keras.layers.UpSampling2D(2, name="up")(half)]


def sequences():
    return [keras.Input((4, 5), name="left"), keras.Input((3, 5), name="right")]


MERGES = {
    "an odd size halved": (
        lambda: keras.layers.Concatenate(name="join")(pictures(15)),
        ["'join' (Concatenate)", "(None, 14, 14, 2) from 'up'", "halved"],
    ),
    "another axis": (
        lambda: keras.layers.Concatenate(name="join")(sequences()),
        ["(None, 4, 5) the input 'left'", "Concatenate(axis=1)"],
    ),
    "two axes": (
        lambda: keras.layers.Concatenate(name="join")(
            [keras.Input((4, 5, 2)), keras.Input((9, 3, 2))]
        ),
        ["different in axis 1 and 2", "bring the inputs to one shape"],
    ),
    "a sum": (
        lambda: keras.layers.Add(name="skip")(ways(5)),
        ["'skip' (Add)", "from 'wide' (Dense)", "give 'narrow' 6 outputs"],
    ),
    "a dot product": (
        lambda: keras.layers.Dot(axes=1, name="alike")(ways(5)),
        ["'alike' (Dot) sums over axis 1 of 6", "keras.layers.Dense(6)"],
    ),
}


@pytest.mark.parametrize("broken, told", MERGES.values(), ids=MERGES)
def test_what_meets_and_where_it_comes_from(broken, told):
    note = note_of(broken)
    assert [text for text in told if text not in note] == []
