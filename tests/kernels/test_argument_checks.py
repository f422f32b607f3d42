import numpy as np
import pytest

from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_choice
from keras_trainkit.kernels.argument_checks import require_integer
from keras_trainkit.kernels.argument_checks import require_number


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


@pytest.mark.parametrize("value", ["auto", 1, None])
def test_a_choice_is_accepted(value):
    assert require_choice("verbose", value, ("auto", 0, 1, None)) is None


@pytest.mark.parametrize(
    "value, error",
    [("no", ValueError), (2, ValueError), (True, TypeError), (1.0, TypeError)],
)
def test_what_is_no_choice_is_refused(value, error):
    with pytest.raises(error, match="must be one of 'auto', 0, 1"):
        require_choice("verbose", value, ("auto", 0, 1))


def test_an_array_is_no_choice():
    with pytest.raises(TypeError, match="must be one of"):
        require_choice("verbose", np.array([0, 1]), ("auto", 0))
