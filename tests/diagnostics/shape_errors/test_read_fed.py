import keras
import pytest

from tests.helpers.explained import compiled
from tests.helpers.explained import note_of
from tests.helpers.explained import values


def two_inputs():
    left, right = (
        keras.Input((4,), name="left"),
        keras.Input((3,), name="right"),
    )
    joined = keras.layers.Concatenate()([left, right])
    model = keras.Model([left, right], keras.layers.Dense(1)(joined))
    model.compile("sgd", "mse")
    return model


def two_outputs(kind):
    inputs = keras.Input((4,))
    made = {
        name: keras.layers.Dense(units, name=name)(inputs)
        for name, units in (("far", 3), ("near", 2))
    }
    outputs = made if kind is dict else list(made.values())
    model = keras.Model(inputs, outputs)
    model.compile("sgd", {name: "mse" for name in made})
    return model


def test_an_input_is_missing():
    note = note_of(lambda: two_inputs().predict(values(10, 4), verbose=0))
    assert "2 inputs, ['left', 'right'], and was given 1" in note


def test_an_input_is_misspelt():
    data = {"lft": values(10, 4), "right": values(10, 3)}
    note = note_of(lambda: two_inputs().predict(data, verbose=0))
    assert "no data is named 'left' (you wrote 'lft')" in note


def one_input():
    return compiled(keras.Input((4,)), keras.layers.Dense(1, name="head"))


LISTS = {
    "y": (values(3, 4), [0.0, 1.0, 2.0], "y is a Python list"),
    "y of rows": (values(3, 4), [[0.0], [1.0], [2.0]], "np.array(y"),
    "x": ([[0.0] * 4] * 3, values(3, 1), "x is a Python list"),
    "both": ([[0.0] * 4] * 3, [0.0, 1.0, 2.0], "so is y"),
    "tuple": (values(3, 4), (0, 1, 2), "y is a Python tuple"),
}


@pytest.mark.parametrize("x, y, told", LISTS.values(), ids=LISTS)
def test_lists_in_place_of_arrays(x, y, told):
    # Keras says of the array x that it does not know its type.
    assert told in note_of(lambda: one_input().fit(x, y, verbose=0))


def test_targets_under_a_name_that_no_output_has():
    y = {"far": values(10, 3), "neer": values(10, 2)}
    note = note_of(lambda: two_outputs(dict).fit(values(10, 4), y, verbose=0))
    assert "no output is named 'neer'; the outputs are ['far', 'near']" in note


def test_targets_in_the_order_of_other_outputs():
    y = [values(10, 2), values(10, 3)]
    note = note_of(lambda: two_outputs(list).fit(values(10, 4), y, verbose=0))
    assert "y[1] for 'far', y[0] for 'near'" in note


def test_one_of_two_targets_does_not_fit():
    y = {"far": values(10, 3), "near": values(10, 5)}
    note = note_of(lambda: two_outputs(dict).fit(values(10, 4), y, verbose=0))
    assert "units=5 for 'near'" in note
    assert "code before the loss" not in note
    assert "another order" not in note
