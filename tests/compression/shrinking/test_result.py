"""What shrinking says it has done."""

import keras
import pytest

from keras_trainkit.compression.shrinking.result import Shrinking
from keras_trainkit.compression.shrinking.result import SmallerLayer

pytestmark = pytest.mark.one_backend


def result(removed=(), left=None, difference=None):
    model = keras.Sequential()
    return Shrinking(model, tuple(removed), left or {}, (90, 7), difference)


def test_it_prints_as_a_table():
    removed = [
        SmallerLayer("stem", "Conv2D", 64, 5),
        SmallerLayer("body/first", "Dense", 8, 7),
    ]
    lines = str(result(removed, {"gate": "3 of 8 dead: so"}, 1e-7)).split("\n")
    assert lines == [
        "layer       kind    before  after",
        "stem        Conv2D      64      5",
        "body/first  Dense        8      7",
        "gate: left, 3 of 8 dead: so",
        "90 parameters, now 7",
        "largest difference: 1e-07 of the largest output",
    ]


def test_it_says_where_nothing_went_and_nothing_was_measured():
    lines = str(result(left={"a": "why " * 40})).split("\n")
    assert lines[0] == "No unit could be removed."
    assert max(map(len, lines)) <= 80
    assert lines[-1] == "largest difference: not measured: pass a sample"
