import keras
import numpy as np
import pytest

from tests.helpers.explained import compiled
from tests.helpers.explained import note_of
from tests.helpers.explained import values


def model():
    return compiled(keras.Input((3,)), keras.layers.Dense(1))


def objects(rows):
    array = np.empty(len(rows), dtype=object)
    array[:] = rows
    return array


DATA = {
    "rows of unlike length": (
        objects([[1, 2], [1, 2, 3]]),
        "keras.utils.pad_sequences(x)",
    ),
    "arrays of unlike length": (
        objects([np.ones(2), np.ones(3)]),
        "keras.utils.pad_sequences(x)",
    ),
    "times": (
        np.array([["2026-01-01"], ["2026-01-03"]], "datetime64[D]"),
        'np.timedelta64(1, "D")',
    ),
    "numbers as objects": (
        np.ones((2, 3)).astype(object),
        'x.astype("float32")',
    ),
    "text": (np.array([["1", "2", "a"]] * 2), "keras.layers.StringLookup"),
}


@pytest.mark.parametrize("x, told", DATA.values(), ids=DATA)
def test_data_without_numbers(x, told):
    note = note_of(lambda: model().fit(x, values(2, 1), verbose=0))
    assert told in note.splitlines()[-1]


def test_targets_are_missing():
    note = note_of(lambda: model().fit(values(4, 3), verbose=0))
    assert "fit was called without y" in note


@pytest.mark.parametrize(
    "message",
    ["indices[0,0] = 11 is not in [0, 10)", "index out of range in self"],
)
def test_an_index_beyond_the_vocabulary(message):
    class Words(keras.layers.Embedding):
        def call(self, x):
            raise IndexError(message)

    network = keras.Sequential(
        [keras.Input((2,)), keras.layers.Flatten(), keras.layers.Dense(2)]
    )
    words = Words(10, 4, name="words")
    words.build((None, 2))
    note = note_of(lambda: words(np.array([[1, 11]])), model=network)
    assert "'words' (Words) has rows 0 to 9" in note
    assert "input_dim=" in note


class Cast(keras.Layer):
    def __init__(self, message, **kwargs):
        super().__init__(**kwargs)
        self.message = message

    def call(self, x):
        raise TypeError(self.message)


# As TensorFlow, torch and JAX say it.
DTYPES = {
    "tensorflow": "Input 'y' of 'Sub' Op has type float32 that does not match "
    "type int64 of argument 'x'.",
    "tensorflow, eager": "cannot compute MatMul as input #1(zero-based) was "
    "expected to be a int32 tensor but is a float tensor [Op:MatMul]",
    "torch": "mat1 and mat2 must have the same dtype, but got Double and Float",
    "torch, losses": "Found dtype Long but expected Float",
    "jax": "lax.add requires arguments to have the same dtypes, got float32, "
    "int32.",
}


@pytest.mark.parametrize(
    "message",
    [
        "Value for attr 'Tindices' of float is not in the list of allowed",
        "indices must have an integer type",
    ],
    ids=["tensorflow", "jax"],
)
def test_a_look_up_by_fractions(message):
    note = note_of(lambda: Cast(message, name="pick")(values(2, 3)))
    assert "'pick' (Cast) looks up rows by numbers that are no integers" in note


def test_targets_of_text_are_numbered():
    y = np.array(["cat", "dog", "cat"])
    note = note_of(lambda: model().fit(values(3, 3), y, verbose=0))
    assert "np.unique(y, return_inverse=True)" in note


def test_targets_without_a_value():
    y = objects([1, None, 2])
    note = note_of(lambda: model().fit(values(3, 3), y, verbose=0))
    assert "entries without a value" in note


@pytest.mark.parametrize("message", DTYPES.values(), ids=DTYPES)
def test_two_dtypes_that_meet(message):
    note = note_of(lambda: Cast(message, name="cast")(values(2, 3)))
    assert "meet in 'cast' (Cast)" in note
    assert "self.message" in note
    assert "keras.ops.cast" in note
