import keras
import numpy as np
import pytest

from tests.helpers.layer_rules import L
from tests.helpers.layer_rules import findings
from tests.helpers.layer_rules import said
from tests.helpers.layer_rules import stack

pytestmark = pytest.mark.one_backend

X = np.random.default_rng(0).normal(size=(320, 16))
Y = X[:, :1]


def norm(**more):
    return L.BatchNormalization(name="norm", **more)


def normalised(**more):
    return stack(L.Dense(8, use_bias=False), norm(**more), L.ReLU(), L.Dense(1))


def images():
    return stack(
        L.Conv2D(4, 3, use_bias=False),
        norm(),
        L.ReLU(),
        L.GlobalAveragePooling2D(),
        L.Dense(1),
        inputs=(8, 8, 1),
    )


@pytest.mark.parametrize(
    "build, size, expected",
    [
        (normalised, 1, [("N103", "error", "norm")]),
        (normalised, 4, [("N103", "warning", "norm")]),
        (normalised, 8, []),
        (images, 4, [("N103", "advice", "norm")]),
        (images, 2, [("N103", "warning", "norm")]),
        (lambda: normalised(trainable=False), 2, []),
    ],
    ids=["one", "four", "eight", "four images", "two images", "frozen"],
)
def test_batches_are_large_enough_for_their_statistics(build, size, expected):
    assert said(build(), "N103", batch_size=size) == expected


def test_a_batch_that_is_not_known_is_not_judged():
    assert said(normalised(), "N103") == []


@pytest.mark.parametrize(
    "momentum, epochs, expected",
    [
        (0.99, 5, [("N105", "warning", "norm")]),
        (0.99, 12, [("N105", "advice", "norm")]),
        (0.99, 40, []),
        (0.9, 5, []),
        # So few updates are told by the rule about them.
        (0.99, 1, []),
    ],
)
def test_moving_averages_arrive(momentum, epochs, expected):
    model = normalised(momentum=momentum)
    known = {"x": X, "y": Y, "batch_size": 32, "epochs": epochs}
    assert said(model, "N105", **known) == expected


def test_what_is_left_of_the_first_averages_is_named():
    known = {"x": X, "y": Y, "batch_size": 32, "epochs": 5}
    (finding,) = findings(normalised(), "N105", **known)
    assert f"{0.99**50:.0%} of the moving averages" in finding.message


def test_averages_that_were_trained_are_not_judged():
    model = normalised()
    model.get_layer("norm").moving_mean.assign(keras.ops.ones(8))
    known = {"x": X, "y": Y, "batch_size": 32, "epochs": 5}
    assert said(model, "N105", **known) == []


@pytest.mark.parametrize(
    "momentum, expected",
    [
        (0.0, [("N108", "advice", "norm")]),
        (0.1, [("N108", "warning", "norm")]),
        (0.8, []),
        (0.99, []),
    ],
)
def test_momentum_is_the_share_of_the_old(momentum, expected):
    assert said(normalised(momentum=momentum), "N108") == expected
