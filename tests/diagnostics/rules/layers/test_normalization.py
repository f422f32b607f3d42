import keras
import pytest

from tests.helpers.layer_rules import L
from tests.helpers.layer_rules import said
from tests.helpers.layer_rules import stack

pytestmark = pytest.mark.one_backend


def norm(**more):
    return L.BatchNormalization(name="norm", **more)


def frozen(between, behind):
    return stack(
        L.Dense(8, use_bias=False, trainable=False),
        norm(trainable=between),
        L.ReLU(),
        L.Dense(8, trainable=behind),
        L.ReLU(),
        L.Dense(1),
    )


SAID = {
    "a bias that is taken off": (
        lambda: stack(L.Dense(8, name="biased"), norm(), L.Dense(1)),
        [("N101", "advice", "biased")],
    ),
    "a bias behind an activation": (
        lambda: stack(L.Dense(8, "relu"), norm(), L.Dense(1)),
        [],
    ),
    "a normalisation without an offset": (
        lambda: stack(L.Dense(8), norm(center=False), L.Dense(1)),
        [],
    ),
    "twelve layers": (
        lambda: stack(
            *[L.Dense(8, "relu", name=f"d_{i}") for i in range(12)], L.Dense(1)
        ),
        [("N102", "advice", "d_0")],
    ),
    "thirty layers": (
        lambda: stack(
            *[
                L.Dense(
                    8, "relu", name=f"d_{i}", kernel_initializer="he_normal"
                )
                for i in range(30)
            ],
            L.Dense(1),
        ),
        [("N102", "warning", "d_0")],
    ),
    "thirty of SELU": (
        lambda: stack(*[L.Dense(8, "selu") for _ in range(30)], L.Dense(1)),
        [],
    ),
    "a part that is frozen but for its statistics": (
        lambda: frozen(between=True, behind=False),
        [("N104", "warning", "norm")],
    ),
    "a part that is frozen": (lambda: frozen(False, False), []),
    "a normalisation between the frozen part and the head": (
        lambda: frozen(between=True, behind=True),
        [],
    ),
}


def on_base(training, trainable=False):
    base = keras.Sequential(
        [keras.Input((16,)), L.Dense(8), L.BatchNormalization(name="norm")],
        name="base",
    )
    base.trainable = trainable
    inputs = keras.Input((16,))
    return keras.Model(inputs, L.Dense(1)(base(inputs, training=training)))


@pytest.mark.parametrize(
    "arguments, expected",
    [
        ((True,), [("N109", "advice", "base/norm")]),
        ((False,), []),
        ((None,), []),
        ((True, True), []),
    ],
    ids=["training", "inference", "not said", "not frozen"],
)
def test_a_frozen_part_is_called_in_inference_mode(arguments, expected):
    assert said(on_base(*arguments), "N109") == expected


@pytest.mark.parametrize("name", SAID)
def test_what_is_said_of_normalisation(name):
    build, expected = SAID[name]
    assert said(build(), "N101", "N102", "N104") == expected
