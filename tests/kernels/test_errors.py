import numpy as np
import pytest

from keras_trainkit.kernels.errors import bad_type
from keras_trainkit.kernels.errors import bad_value
from keras_trainkit.kernels.errors import require_number


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


@pytest.mark.parametrize("value", [True, "1", None, [1]], ids=str)
def test_what_is_no_number_is_a_type_error(value):
    with pytest.raises(TypeError, match="`n` must be positive"):
        require_number("n", value, "positive", lambda v: v > 0)


@pytest.mark.parametrize("value", [0, float("nan")], ids=str)
def test_refused_numbers_are_value_errors(value):
    with pytest.raises(ValueError, match="Received: n="):
        require_number("n", value, "positive", lambda v: v > 0)
