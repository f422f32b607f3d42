from fractions import Fraction

import keras
import numpy as np
import pytest

from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import read_by
from keras_trainkit.kernels.argument_checks import require_choice
from keras_trainkit.kernels.argument_checks import require_integer
from keras_trainkit.kernels.argument_checks import require_number
from keras_trainkit.kernels.argument_checks import require_numbers
from keras_trainkit.kernels.argument_checks import require_sequence
from keras_trainkit.kernels.argument_checks import require_string


def test_a_value_error_says_expected_received_and_what_to_do():
    error = bad_value("rate", 2, "a float in [0, 1]", "Use 0.5.")
    assert isinstance(error, ValueError)
    assert str(error) == (
        "`rate` must be a float in [0, 1]. Received: rate=2. Use 0.5."
    )


def test_a_type_error_names_the_type():
    error = bad_type("rate", "a", "a float")
    assert isinstance(error, TypeError)
    assert "Received: rate='a' (of type str)" in str(error)


@pytest.mark.parametrize(
    "value",
    [1, 1.0, np.float32(1), np.int64(1)],
    ids=lambda v: type(v).__name__,
)
def test_numbers_pass(value):
    assert require_number("n", value, "positive", lambda v: v > 0) is None


@pytest.mark.parametrize(
    "value", [True, "1", None, [1], np.ones(1), np.ones(3)], ids=str
)
def test_what_is_no_number_is_a_type_error(value):
    with pytest.raises(TypeError, match="`n` must be positive"):
        require_number("n", value, "positive", lambda v: v > 0)


@pytest.mark.parametrize("value", [0, float("nan")], ids=str)
def test_refused_numbers_are_value_errors(value):
    with pytest.raises(ValueError, match="Received: n="):
        require_number("n", value, "positive", lambda v: v > 0)


@pytest.mark.parametrize("value", [2, 5, np.int64(3), np.uint8(4)])
def test_an_integer_in_the_range_is_accepted(value):
    assert require_integer("steps", value, 2, 5) is None


@pytest.mark.parametrize(
    "value, error, expected",
    [
        (True, TypeError, "an integer from 2 to 5"),
        (3.0, TypeError, "an integer from 2 to 5"),
        (np.array([3]), TypeError, "an integer from 2 to 5"),
        (1, ValueError, "an integer from 2 to 5"),
        (6, ValueError, "an integer from 2 to 5"),
    ],
)
def test_what_is_no_integer_in_the_range_is_refused(value, error, expected):
    with pytest.raises(error, match=f"`steps` must be {expected}. Received"):
        require_integer("steps", value, 2, 5)


@pytest.mark.parametrize(
    "value", ["auto", 1, None, np.int64(1), np.str_("auto")]
)
def test_a_choice_is_accepted(value):
    assert require_choice("verbose", value, ("auto", 0, 1, None)) is None


@pytest.mark.parametrize(
    "value, error",
    [
        ("no", ValueError),
        (2, ValueError),
        (True, TypeError),
        (np.True_, TypeError),
        (1.0, TypeError),
    ],
)
def test_what_is_no_choice_is_refused(value, error):
    with pytest.raises(error, match="must be one of 'auto', 0, 1"):
        require_choice("verbose", value, ("auto", 0, 1))


def test_an_array_is_no_choice():
    with pytest.raises(TypeError, match="must be one of"):
        require_choice("verbose", np.array([0, 1]), ("auto", 0))


@pytest.mark.parametrize("value", [10**400, -(10**400)], ids=["up", "down"])
def test_what_no_float_holds_is_a_value_error(value):
    with pytest.raises(ValueError, match="`n` must be a number"):
        require_number("n", value, "a number", lambda v: True)


def test_a_string_is_a_string():
    assert require_string("label", "loss") is None
    with pytest.raises(TypeError, match="`label` must be a string"):
        require_string("label", b"loss")


@pytest.mark.parametrize("value", [[], (1,), np.ones(2), range(3)], ids=str)
def test_what_lies_in_order_is_a_sequence(value):
    assert require_sequence("marks", value) is None


NO_SEQUENCES = ["12", b"12", {0: 1}, {1}, 3, None, list, np.array(1), object()]


@pytest.mark.parametrize("value", NO_SEQUENCES, ids=str)
def test_what_does_not_is_none(value):
    with pytest.raises(TypeError, match="`marks` must be a list or a tuple"):
        require_sequence("marks", value)


@pytest.mark.parametrize(
    ("values", "shape"),
    [
        ([], (0,)),
        ([1, np.nan], (2,)),
        (np.ones((2, 1), "int8"), (2, 1)),
        ([True, False], (2,)),
        (np.array([1, 2.0], "object"), (2,)),
        ([Fraction(1, 2), 1], (2,)),
    ],
    ids=["none", "floats", "integers", "a mask", "objects", "fractions"],
)
def test_numbers_come_back_as_float64(values, shape):
    found = require_numbers("losses", values)
    assert found.dtype == "float64"
    assert found.shape == shape


def test_a_variable_holds_numbers():
    found = require_numbers("losses", keras.Variable([1.0, 2.0]))
    assert found.tolist() == [1, 2]


@pytest.mark.parametrize(
    "values",
    [["a"], [1j], [None], [object()], [[1], [2, 3]], "12"],
    ids=str,
)
def test_what_are_no_numbers_is_a_type_error(values):
    with pytest.raises(TypeError, match="`losses` must be a sequence of num"):
        require_numbers("losses", values)


def test_what_is_read_comes_back():
    assert read_by(int, "count", "3", "a number") == 3


@pytest.mark.parametrize(
    ("value", "error"), [("x", ValueError), ([], TypeError)], ids=str
)
def test_what_cannot_be_read_names_the_argument(value, error):
    with pytest.raises(error, match="`count` must be a number") as caught:
        read_by(int, "count", value, "a number")
    assert isinstance(caught.value.__cause__, error)
