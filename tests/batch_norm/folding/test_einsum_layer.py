import keras
import pytest

from tests.helpers.normalized import assert_folded
from tests.helpers.normalized import assert_left
from tests.helpers.normalized import norm

layers = keras.layers
Dense, Conv2D = layers.Dense, layers.Conv2D

# Layers behind an input of that shape; "it" takes up "norm".
FOLDED = {
    "EinsumDense": (
        (4, 6),
        lambda: [
            layers.EinsumDense("abc,cd->abd", (4, 5), name="it"),
            norm(),
        ],
    ),
    "EinsumDense, heads": (
        (4, 6),
        lambda: [
            layers.EinsumDense(
                "abc,cde->abde", (4, 2, 3), bias_axes="e", name="it"
            ),
            norm(axis=2),
        ],
    ),
    "EinsumDense, dots before": (
        (4, 6),
        lambda: [
            layers.EinsumDense("...x,xy->...y", 5, bias_axes="y", name="it"),
            norm(),
        ],
    ),
    "EinsumDense, dots behind": (
        (6, 4),
        lambda: [
            layers.EinsumDense("ab...,bc->ac...", 5, name="it"),
            norm(axis=1),
        ],
    ),
    "before EinsumDense": (
        (4, 6),
        lambda: [
            layers.ReLU(),
            norm(axis=1),
            layers.EinsumDense("abc,bcd->ad", 5, bias_axes="d", name="it"),
        ],
    ),
}
LEFT = {
    "an axis that no kernel has": (
        (4, 6),
        lambda: [layers.EinsumDense("abc,cd->abd", (4, 5)), norm(axis=1)],
        "has none of its axis 1",
    ),
}


@pytest.mark.one_backend
@pytest.mark.parametrize("shape, make", FOLDED.values(), ids=FOLDED)
def test_is_folded(shape, make):
    assert_folded(shape, make())


@pytest.mark.one_backend
@pytest.mark.parametrize("shape, make, reason", LEFT.values(), ids=LEFT)
def test_is_left_with_the_reason(shape, make, reason):
    assert_left(shape, make(), reason)
