"""The loss of the best constant against a search for it."""

import numpy as np
import pytest
from scipy import optimize

from keras_trainkit.kernels.training_curves.constant_prediction import (
    constant_loss,
)

RNG = np.random.default_rng(0)
LABELS = RNG.choice(4, 200, p=[0.5, 0.3, 0.1, 0.1])
SHARES = RNG.dirichlet([1, 2, 3], 200)
BITS = (RNG.random((200, 3)) < [0.2, 0.5, 0.9]).astype("float32")
NUMBERS = RNG.gamma(2, size=(201, 2))


def softmax(z):
    return np.exp(z - z.max()) / np.exp(z - z.max()).sum()


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


LOSSES = {
    "sparse_categorical_crossentropy": (
        LABELS[:, None],
        lambda z: -np.log(softmax(z))[LABELS].mean(),
        4,
    ),
    "categorical_crossentropy": (
        SHARES,
        lambda z: -(SHARES * np.log(softmax(z))).sum(axis=1).mean(),
        3,
    ),
    "binary_crossentropy": (
        BITS,
        lambda z: -np.log(np.where(BITS, sigmoid(z), sigmoid(-z))).mean(),
        3,
    ),
    "mean_squared_error": (NUMBERS, lambda z: ((NUMBERS - z) ** 2).mean(), 2),
    "mean_absolute_error": (NUMBERS, lambda z: np.abs(NUMBERS - z).mean(), 2),
}


@pytest.mark.parametrize("name", LOSSES)
def test_no_constant_is_better(name):
    targets, loss, size = LOSSES[name]
    found = optimize.minimize(loss, np.full(size, 0.5), method="Nelder-Mead")
    assert constant_loss(name, targets) == pytest.approx(found.fun, rel=1e-3)


UNKNOWN = {
    "another loss": ("hinge", LABELS),
    "no rows": ("mean_squared_error", np.zeros((0, 1))),
    "NaN": ("mean_squared_error", np.array([1.0, np.nan])),
    "text": ("mean_squared_error", np.array(["a", "b"])),
    "labels as shares": ("categorical_crossentropy", LABELS),
    "bits out of range": ("binary_crossentropy", LABELS),
    "a bit out of range": ("binary_crossentropy", np.array([0.0, 1.5])),
    "a bit below it": ("binary_crossentropy", np.array([-0.5, 1.0])),
}


@pytest.mark.parametrize("name, targets", UNKNOWN.values(), ids=UNKNOWN)
def test_nothing_is_said_of_what_is_not_known(name, targets):
    assert constant_loss(name, targets) is None
