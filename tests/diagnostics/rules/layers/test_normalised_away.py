import pytest

from tests.helpers.layer_rules import L
from tests.helpers.layer_rules import said
from tests.helpers.layer_rules import stack

pytestmark = pytest.mark.one_backend

SPARSE = "sparse_categorical_crossentropy"

SAID = {
    "a single column": (
        lambda: stack(
            L.LayerNormalization(name="norm"), L.Dense(1), inputs=(1,)
        ),
        [("N106", "error", "norm")],
    ),
    "a single channel of a series": (
        lambda: stack(
            L.LayerNormalization(name="norm"), L.LSTM(4), inputs=(9, 1)
        ),
        [("N106", "error", "norm")],
    ),
    "a series over all its steps": (
        lambda: stack(
            L.LayerNormalization(axis=[1, 2]), L.LSTM(4), inputs=(9, 1)
        ),
        [],
    ),
    "groups of one value": (
        lambda: stack(
            L.Dense(8, "relu"),
            L.GroupNormalization(groups=8, name="norm"),
            L.Dense(1),
        ),
        [("N106", "error", "norm")],
    ),
    "groups of a picture's channel": (
        lambda: stack(
            L.GroupNormalization(groups=-1),
            L.Flatten(),
            L.Dense(1),
            inputs=(4, 4, 3),
        ),
        [],
    ),
    "the outputs of a regression": (
        lambda: stack(L.Dense(1), L.BatchNormalization(name="norm")),
        [("N107", "warning", "norm")],
    ),
    "scores of classes": (
        lambda: stack(
            L.Dense(3), L.BatchNormalization(), L.Softmax(), loss=SPARSE
        ),
        [],
    ),
    "an embedding without a loss": (
        lambda: stack(L.Dense(3), L.BatchNormalization(), loss=None),
        [],
    ),
}


@pytest.mark.parametrize("name", SAID)
def test_what_is_said_of_normalised_values(name):
    build, expected = SAID[name]
    assert said(build(), "N106", "N107") == expected
