import keras
import pytest

from keras_trainkit.batch_norm.folding.result import Folding

pytestmark = pytest.mark.one_backend


def test_the_table():
    folding = Folding(
        keras.Sequential(),
        {"norm": ("conv",), "both": ("a", "b")},
        {"stem/norm": "a reason " * 12},
        2.34e-7,
    )
    lines = str(folding).split("\n")
    assert lines[0] == "2 of 3 BatchNormalization folded"
    assert lines[1] == "  norm       folded into  conv"
    assert lines[2] == "  both       folded into  a, b"
    assert lines[3].startswith("  stem/norm  left         a reason a reason")
    assert lines[-1] == "largest difference: 2.3e-07 of the largest output"
    assert max(map(len, lines)) <= 80


def test_what_was_not_measured():
    folding = Folding(keras.Sequential(), {"norm": ("conv",)}, {}, None)
    assert str(folding).endswith("not measured: pass a sample")
