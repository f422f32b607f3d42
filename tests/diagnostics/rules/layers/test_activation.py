import numpy as np
import pytest

from tests.helpers.layer_rules import L
from tests.helpers.layer_rules import findings
from tests.helpers.layer_rules import said
from tests.helpers.layer_rules import stack

pytestmark = pytest.mark.one_backend

SPARSE = "sparse_categorical_crossentropy"


def some(number, activation):
    return [
        L.Dense(8, activation, name=f"{activation}_{place}")
        for place in range(number)
    ]


def scores(activation, *behind, units=3, loss=SPARSE):
    last = L.Dense(units, activation, name="scores")
    return stack(L.Dense(8, "relu"), last, *behind, loss=loss)


SAID = {
    "one sigmoid": (lambda: stack(*some(1, "sigmoid"), L.Dense(1)), []),
    "two sigmoids": (
        lambda: stack(*some(2, "sigmoid"), L.Dense(1)),
        [("A102", "advice", "sigmoid_0")],
    ),
    "two sigmoids and plain SGD": (
        lambda: stack(*some(2, "sigmoid"), L.Dense(1), optimizer="sgd"),
        [("A102", "warning", "sigmoid_0")],
    ),
    "three sigmoids": (
        lambda: stack(*some(3, "sigmoid"), L.Dense(1)),
        [("A102", "warning", "sigmoid_0")],
    ),
    "normalised sigmoids": (
        lambda: stack(
            *[
                part
                for layer in some(4, "sigmoid")
                for part in (layer, L.BatchNormalization())
            ],
            L.Dense(1),
        ),
        [],
    ),
    "five tanhs": (lambda: stack(*some(5, "tanh"), L.Dense(1)), []),
    "eight tanhs": (
        lambda: stack(*some(8, "tanh"), L.Dense(1)),
        [("A102", "advice", "tanh_0")],
    ),
    "twelve tanhs": (
        lambda: stack(*some(12, "tanh"), L.Dense(1)),
        [("A102", "warning", "tanh_0")],
    ),
    "ReLU, then softmax": (
        lambda: scores("relu", L.Softmax()),
        [("A103", "warning", "scores")],
    ),
    "sigmoid, then softmax": (
        lambda: scores("sigmoid", L.Dropout(0.1), L.Activation("softmax")),
        [("A103", "warning", "scores")],
    ),
    "ReLU, then sigmoid": (
        lambda: scores(
            "relu", L.Activation("sigmoid"), units=1, loss="binary_crossentropy"
        ),
        [("A103", "error", "scores")],
    ),
    "softmax alone": (lambda: scores(None, L.Softmax()), []),
    "ReLU, then a linear activation": (
        lambda: scores("softmax", L.Activation("linear")),
        [],
    ),
    "one ReLU in the end": (
        lambda: stack(L.Dense(8, "relu"), L.Dense(1, "relu", name="last")),
        [("A104", "warning", "last")],
    ),
    "several ReLUs in the end": (
        lambda: stack(L.Dense(8, "relu"), L.Dense(4, "relu", name="last")),
        [("A104", "advice", "last")],
    ),
    "softmax inside": (
        lambda: stack(L.Dense(8, "softmax", name="inside"), L.Dense(1)),
        [("A105", "warning", "inside")],
    ),
}


@pytest.mark.parametrize("name", SAID)
def test_what_is_said_of_activations(name):
    build, expected = SAID[name]
    assert said(build(), "A102", "A103", "A104", "A105") == expected


def test_the_layer_that_has_the_activation_is_repaired():
    behind = L.Activation("sigmoid", name="behind")
    model = stack(L.Dense(8), behind, *some(2, "sigmoid"), L.Dense(1))
    (finding,) = findings(model, "A102")
    changed = [one.where for one in finding.repairs if one.kind == "activation"]
    assert changed == ["behind", "sigmoid_0", "sigmoid_1"]


@pytest.mark.parametrize(
    "inner, units, number",
    [
        ("sigmoid", 3, np.e / (np.e + 2)),
        ("softmax", 10, np.e / (np.e + 9)),
        ("tanh", 3, np.e**2 / (np.e**2 + 2)),
    ],
)
def test_the_highest_probability_is_named(inner, units, number):
    (finding,) = findings(scores(inner, L.Softmax(), units=units), "A103")
    assert f"above {number:.2f}" in finding.message


def test_what_is_left_of_the_gradient_is_named():
    (finding,) = findings(stack(*some(6, "sigmoid"), L.Dense(1)), "A102")
    left = float(finding.message.split(", ")[-1].split(" is left")[0])
    # Six slopes of at most a quarter, and kernels of about size 1.
    assert 1e-6 < left < 0.25**6 * 10


@pytest.mark.parametrize(
    "y, severity",
    [
        (np.linspace(1, 2, 60), "warning"),
        (np.maximum(np.linspace(-1, 1, 60), 0), "advice"),
    ],
    ids=["positive", "half of them 0"],
)
def test_targets_decide_how_bad_a_relu_at_the_end_is(y, severity):
    model = stack(L.Dense(8, "relu"), L.Dense(1, "relu", name="last"))
    x = np.random.default_rng(0).normal(size=(60, 16))
    assert said(model, "A104", x=x, y=y[:, None]) == [
        ("A104", severity, "last")
    ]


def test_targets_below_zero_are_told_by_another_rule():
    model = stack(L.Dense(8, "relu"), L.Dense(1, "relu", name="last"))
    x = np.random.default_rng(0).normal(size=(60, 16))
    y = np.linspace(-1, 1, 60)[:, None]
    codes = [code for code, _, _ in said(model, "A104", "L109", x=x, y=y)]
    assert codes == ["L109"]
