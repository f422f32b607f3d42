import keras
import pytest

from tests.helpers.layer_rules import L
from tests.helpers.layer_rules import findings
from tests.helpers.layer_rules import said
from tests.helpers.layer_rules import stack

pytestmark = pytest.mark.one_backend


def first(units=32):
    return L.Dense(units, name="first")


def conv(**more):
    return L.Conv2D(4, 3, **more)


def gated():
    x = inputs = keras.Input((16,))
    x = L.Dense(16)(x)
    x = L.Dense(16)(x) * L.Dense(16, "sigmoid")(x)
    return keras.Model(inputs, L.Dense(1)(x))


def maxout():
    x = inputs = keras.Input((16,))
    x = keras.ops.max(L.Reshape((8, 4))(L.Dense(32)(x)), axis=-1)
    return keras.Model(inputs, L.Dense(1)(x))


def two_branches():
    x = inputs = keras.Input((16,))
    x = L.Concatenate()([L.Dense(8, "relu")(x), L.Dense(8)(x)])
    return keras.Model(inputs, L.Dense(1)(x))


SAID = {
    "maxout": (maxout, []),
    "no activation at all": (
        lambda: stack(first(), L.Dense(16), L.Dense(1)),
        [("A101", "warning", "first")],
    ),
    "through dropout and normalisation": (
        lambda: stack(
            first(), L.Dropout(0.1), L.BatchNormalization(), L.Dense(1)
        ),
        [("A101", "warning", "first")],
    ),
    "convolutions with pooling": (
        lambda: stack(
            conv(name="first"),
            L.MaxPooling2D(2),
            L.Flatten(),
            L.Dense(1),
            inputs=(8, 8, 1),
        ),
        [("A101", "warning", "first")],
    ),
    "one of two": (
        lambda: stack(L.Dense(32, "relu"), first(), L.Dense(1)),
        [("A101", "warning", "first")],
    ),
    "one of three": (
        lambda: stack(
            L.Dense(32, "relu"), L.Dense(32, "relu"), first(), L.Dense(1)
        ),
        [("A101", "advice", "first")],
    ),
    "behind an LSTM": (
        lambda: stack(L.LSTM(16), first(), L.Dense(1), inputs=(5, 2)),
        [("A101", "advice", "first")],
    ),
    "a narrow layer between wider ones": (
        lambda: stack(
            L.Dense(32, "relu"),
            L.Dense(4),
            L.Dense(32, "relu"),
            L.Dense(1),
        ),
        [],
    ),
    "a linear autoencoder": (
        lambda: stack(L.Dense(2, name="first"), L.Dense(16)),
        [("A101", "advice", "first")],
    ),
    "an activation of its own": (
        lambda: stack(first(), L.PReLU(), L.Dense(1)),
        [],
    ),
    "an activation that Keras does not know": (
        lambda: stack(L.Dense(8, activation=keras.ops.sin), L.Dense(1)),
        [],
    ),
    "a gate": (lambda: gated(), []),
    "branches that are merged": (lambda: two_branches(), []),
    "pointwise behind depthwise": (
        lambda: stack(
            L.DepthwiseConv2D(3),
            conv(activation="relu"),
            L.Flatten(),
            L.Dense(1),
            inputs=(8, 8, 2),
        ),
        [],
    ),
    "no hidden layer": (lambda: stack(L.Dense(1)), []),
    "two ReLUs": (
        lambda: stack(L.Dense(2, "relu", name="first"), L.Dense(1)),
        [("A107", "warning", "first")],
    ),
    "two tanhs": (
        lambda: stack(L.Dense(2, "tanh", name="first"), L.Dense(1)),
        [],
    ),
}


@pytest.mark.parametrize("name", SAID)
def test_what_is_said_of_a_stack(name):
    build, expected = SAID[name]
    assert said(build(), "A101", "A107") == expected


def test_every_linear_layer_is_repaired():
    model = stack(first(), L.Dense(16, name="second"), L.Dense(1))
    (finding,) = findings(model, "A101")
    assert "one linear model" in finding.message
    assert [(r.kind, r.value, r.where) for r in finding.repairs] == [
        ("activation", "relu", "first"),
        ("activation", "relu", "second"),
    ]
