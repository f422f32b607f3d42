import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from tests.helpers.layer_rules import L
from tests.helpers.layer_rules import findings
from tests.helpers.layer_rules import said
from tests.helpers.layer_rules import stack

pytestmark = pytest.mark.one_backend

HE = {"activation": "relu", "kernel_initializer": "he_normal"}
SMALL = keras.initializers.RandomNormal(stddev=0.01, seed=0)


def many(number, activation, initializer="glorot_uniform", width=16):
    return [
        L.Dense(
            width,
            activation,
            kernel_initializer=initializer,
            name=f"hidden_{place}",
        )
        for place in range(number)
    ]


def swished(initializer):
    return [
        layer
        for dense in many(3, None, initializer)
        for layer in (dense, ktk.layers.Swish())
    ]


def residual():
    x = inputs = keras.Input((16,))
    for _ in range(4):
        x = L.Add()([x, L.Dense(16, "relu")(x)])
    return keras.Model(inputs, L.Dense(1)(x))


SAID = {
    "Keras's default before one ReLU": (
        lambda: stack(*many(1, "relu"), L.Dense(1)),
        [],
    ),
    "Keras's default before several": (
        lambda: stack(*many(3, "relu"), L.Dense(1)),
        [("I101", "advice", "hidden_0")],
    ),
    "He's before tanh, once": (
        lambda: stack(*many(1, "tanh", "he_uniform"), L.Dense(1)),
        [("I101", "advice", "hidden_0")],
    ),
    "He's before ELU behind it": (
        lambda: stack(
            L.Dense(8, kernel_initializer="he_normal"), L.ELU(), L.Dense(1)
        ),
        [],
    ),
    "Keras's default before trained Swish": (
        lambda: stack(*swished("glorot_uniform"), L.Dense(1)),
        [("I101", "advice", "hidden_0")],
    ),
    "He's before trained Swish": (
        lambda: stack(*swished("he_normal"), L.Dense(1)),
        [],
    ),
    "gated units": (
        lambda: stack(*[ktk.layers.SwiGLU(16) for _ in range(3)], L.Dense(1)),
        [],
    ),
    "halving gates": (
        lambda: stack(
            *[one for _ in range(3) for one in (L.Dense(16), ktk.layers.GLU())],
            L.Dense(1),
        ),
        [],
    ),
    "LeCun's with SELU": (
        lambda: stack(*many(4, "selu", "lecun_normal"), L.Dense(1)),
        [],
    ),
    "normalised": (
        lambda: stack(
            L.Dense(8),
            L.BatchNormalization(),
            L.ReLU(),
            L.Dense(8),
            L.BatchNormalization(),
            L.ReLU(),
            L.Dense(1),
        ),
        [],
    ),
    "residual": (lambda: residual(), []),
    "a signal that is lost": (
        lambda: stack(*many(3, "relu", SMALL), L.Dense(1)),
        [("I104", "warning", "hidden_0")],
    ),
    "sixteen with the default, and Adam": (
        lambda: stack(*many(16, "relu"), L.Dense(1)),
        [("I101", "advice", "hidden_0")],
    ),
    "forty with the default": (
        lambda: stack(*many(40, "relu"), L.Dense(1)),
        [("I104", "warning", "hidden_0")],
    ),
    "twenty-two with plain SGD": (
        lambda: stack(*many(22, "relu"), L.Dense(1), optimizer="sgd"),
        [("I104", "warning", "hidden_0")],
    ),
    "a small output layer": (
        lambda: stack(
            *many(2, "relu", "he_normal"), L.Dense(1, kernel_initializer=SMALL)
        ),
        [],
    ),
    "dead biases": (
        lambda: stack(
            L.Dense(
                8,
                bias_initializer=keras.initializers.Constant(-9),
                name="b",
                **HE,
            ),
            L.Dense(1),
        ),
        [("I106", "warning", "b")],
    ),
    "saturating biases": (
        lambda: stack(
            L.Dense(
                8,
                "tanh",
                bias_initializer=keras.initializers.Constant(9),
                name="b",
            ),
            L.Dense(1),
        ),
        [("I106", "warning", "b")],
    ),
    "the bias of the output": (
        lambda: stack(
            L.Dense(8, **HE),
            L.Dense(
                1, "sigmoid", bias_initializer=keras.initializers.Constant(-6)
            ),
            loss="binary_crossentropy",
        ),
        [],
    ),
}


@pytest.mark.parametrize("name", SAID)
def test_what_is_said_of_initializers(name):
    build, expected = SAID[name]
    assert said(build(), "I101", "I104", "I106") == expected


def test_each_initializer_is_named_with_its_layers_and_sizes():
    layers = many(5, "relu")
    (finding,) = findings(stack(*layers, L.Dense(1)), "I101")
    assert "hidden_0, hidden_1, hidden_2 and 2 more" in finding.message
    assert "in place of 0.354" in finding.message
    assert finding.fix.startswith(
        'Dense(16, activation="relu", kernel_initializer="he_normal")'
    )
    assert [one.where for one in finding.repairs] == [
        f"hidden_{i}" for i in range(5)
    ]
    assert {one.value for one in finding.repairs} == {"he_normal"}


def test_trained_kernels_are_left_alone():
    model = stack(*many(3, "relu", SMALL), L.Dense(1))
    rng = np.random.default_rng(0)
    for layer in model.layers:
        kernel, bias = layer.get_weights()
        layer.set_weights([kernel, rng.normal(size=bias.shape)])
    assert said(model, "I") == []
