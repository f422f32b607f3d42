import keras
import numpy as np
import pytest

from tests.helpers.layer_rules import L
from tests.helpers.layer_rules import findings
from tests.helpers.layer_rules import said
from tests.helpers.layer_rules import stack

pytestmark = pytest.mark.one_backend

SPARSE = "sparse_categorical_crossentropy"


def normal(stddev):
    return keras.initializers.RandomNormal(stddev=stddev, seed=0)


def dense(activation, initializer, **more):
    return L.Dense(
        32, activation, kernel_initializer=initializer, name="layer", **more
    )


def zero_branch():
    x = inputs = keras.Input((16,))
    y = L.Dense(16, "relu")(x)
    y = L.Dense(16, kernel_initializer="zeros")(y)
    return keras.Model(inputs, L.Dense(1)(L.Add()([x, y])))


SAID = {
    "zeros before a ReLU": (
        lambda: stack(dense("relu", "zeros"), L.Dense(1)),
        [("I102", "error", "layer")],
    ),
    "zeros before tanh": (
        lambda: stack(dense("tanh", "zeros"), L.Dense(1)),
        [("I102", "warning", "layer")],
    ),
    "ones before tanh": (
        lambda: stack(dense("tanh", "ones"), L.Dense(1)),
        [("I102", "warning", "layer")],
    ),
    "ones twice": (
        lambda: stack(
            dense("tanh", "ones"),
            L.Dense(8, "tanh", kernel_initializer="ones"),
            L.Dense(1),
        ),
        [("I102", "error", "layer")],
    ),
    "an output of zeros": (
        lambda: stack(
            L.Dense(8, "relu"), L.Dense(1, kernel_initializer="zeros")
        ),
        [],
    ),
    "a residual branch that ends in zeros": (lambda: zero_branch(), []),
    "constants that are not trained": (
        lambda: stack(dense("relu", "ones", trainable=False), L.Dense(1)),
        [],
    ),
    "wide before tanh": (
        lambda: stack(dense("tanh", normal(2.0)), L.Dense(1)),
        [("I103", "warning", "layer")],
    ),
    "wide, but normalised": (
        lambda: stack(
            dense(None, normal(2.0)), L.BatchNormalization(), L.Dense(1)
        ),
        [],
    ),
    "of one sign": (
        lambda: stack(
            dense("relu", keras.initializers.RandomUniform(0, 1, seed=0)),
            L.Dense(1),
        ),
        [("I103", "warning", "layer")],
    ),
    "a wide recurrent kernel": (
        lambda: stack(
            L.SimpleRNN(32, recurrent_initializer=normal(1.0), name="layer"),
            L.Dense(1),
            inputs=(5, 4),
        ),
        [("I103", "warning", "layer")],
    ),
    "scaled by the outputs, as EfficientNet's": (
        lambda: stack(
            L.Conv2D(
                2,
                1,
                activation="relu",
                kernel_initializer=keras.initializers.VarianceScaling(
                    2.0, "fan_out", "truncated_normal", seed=0
                ),
            ),
            L.Flatten(),
            L.Dense(1),
            inputs=(2, 2, 200),
        ),
        [],
    ),
    "wide scores": (
        lambda: stack(
            L.Dense(16, "relu"),
            L.Dense(4, "softmax", kernel_initializer=normal(2.0), name="layer"),
            loss=SPARSE,
        ),
        [("I105", "warning", "layer")],
    ),
    "somewhat wide scores": (
        lambda: stack(
            L.Dense(16, "relu"),
            L.Dense(4, "softmax", kernel_initializer=normal(1.0), name="layer"),
            loss=SPARSE,
        ),
        [("I105", "advice", "layer")],
    ),
    "one wide measured output": (
        lambda: stack(
            L.Dense(16, "relu"),
            L.Dense(1, kernel_initializer=normal(5.0), name="layer"),
        ),
        [("I103", "warning", "layer")],
    ),
}


@pytest.mark.parametrize("name", SAID)
def test_what_is_said_of_values(name):
    build, expected = SAID[name]
    assert said(build(), "I102", "I103", "I105") == expected


def test_values_count_and_not_the_initializers_name():
    model = stack(dense("tanh", "glorot_uniform"), L.Dense(1))
    rng = np.random.default_rng(0)
    wide = [rng.normal(0, 3, (16, 32)), np.zeros(32)]
    model.get_layer("layer").set_weights(wide)
    (finding,) = findings(model, "I103")
    size = np.sqrt((wide[0] ** 2).mean())
    assert f"size {size:.2g}" in finding.message
    assert f"become {size * 4:.1f}" in finding.message


def test_trained_values_are_left_alone():
    model = stack(dense("tanh", "glorot_uniform"), L.Dense(1))
    rng = np.random.default_rng(0)
    model.get_layer("layer").set_weights(
        [rng.normal(0, 3, (16, 32)), rng.normal(size=32)]
    )
    assert said(model, "I") == []


def test_several_equal_kernels_are_one_finding_with_all_repairs():
    model = stack(
        dense("relu", "zeros"),
        L.Dense(8, "tanh", kernel_initializer="zeros", name="other"),
        L.Dense(1),
    )
    (finding,) = findings(model, "I102")
    assert "and so in other" in finding.message
    assert [(one.where, one.value) for one in finding.repairs] == [
        ("layer", "he_normal"),
        ("other", "glorot_uniform"),
    ]
