"""A float64 NumPy replay of a network with BatchNormalization, under MSE."""

import keras
import numpy as np

from tests.helpers import replay

FEATURES, WIDTH = 4, 3
NAMES = ("low", "norm", "head")
MOMENTUM, EPSILON = 0.9, 1e-3
_WEIGHTS = {
    "low": ("kernel", "bias"),
    "norm": ("gamma", "beta", "moving_mean", "moving_variance"),
    "head": ("kernel", "bias"),
}
_KEYS = [(name, kind) for name in NAMES for kind in _WEIGHTS[name]]
MEAN, VARIANCE = ("norm", "moving_mean"), ("norm", "moving_variance")
KERNELS = (("low", "kernel"), ("head", "kernel"))


def normed_net():
    """A tanh layer, BatchNormalization and a linear head."""
    return keras.Sequential(
        [
            keras.Input((FEATURES,)),
            keras.layers.Dense(WIDTH, activation="tanh", name="low"),
            keras.layers.BatchNormalization(
                momentum=MOMENTUM, epsilon=EPSILON, name="norm"
            ),
            keras.layers.Dense(1, name="head"),
        ],
        name="net",
    )


class NormedReplay:
    """Trains a `normed_net` by hand; only layers in `trained` move.

    Args:
        weights: `model.get_weights()` before training.

    Attributes:
        weights: `{(layer, weight): float64 array}`.
        trained: Names of the layers that train.
    """

    def __init__(self, weights):
        self.take(weights)
        self.trained = NAMES
        self.forget(replay.sgd)

    def take(self, weights):
        """Takes weights over, in the order of `get_weights`."""
        values = (np.asarray(weight, "float64") for weight in weights)
        self.weights = dict(zip(_KEYS, values, strict=True))

    def given(self):
        """Returns the weights in the order of `get_weights`."""
        return [self.weights[key] for key in _KEYS]

    def forget(self, rule, multipliers=None):
        """Begins with an optimizer that has trained nothing."""
        self.rule, self.multipliers = rule, multipliers or {}
        self.slots, self.updates = {}, 0

    def train(self, names):
        """From now on exactly the layers `names` train."""
        self.trained = tuple(names)
        self.slots = {
            key: slots for key, slots in self.slots.items() if key[0] in names
        }

    def step(self, x, y, **values):
        gradients, statistics = self._gradients(x, y)
        self.weights |= statistics
        for key, gradient in gradients.items():
            if key[0] in self.trained:
                self._update(key, gradient, **values)
        self.updates += 1

    def predict(self, x):
        return self._forward(x, training=False)[-1]

    def refresh(self, x):
        """Gives the normalisation the statistics of all rows."""
        hidden = self._hidden(x)
        self.weights[MEAN] = hidden.mean(axis=0)
        self.weights[VARIANCE] = hidden.var(axis=0)

    def _update(self, key, gradient, learning_rate, **values):
        slots = self.slots.setdefault(key, {})
        if self.rule is replay.adam:
            slots["t"] = self.updates
        rate = learning_rate * self.multipliers.get(key[0], 1.0)
        self.weights[key] = self.rule(
            self.weights[key], gradient, slots, learning_rate=rate, **values
        )

    def _hidden(self, x):
        w = self.weights
        x = np.asarray(x, "float64")
        return np.tanh(x @ w["low", "kernel"] + w["low", "bias"])

    def _forward(self, x, training):
        w, hidden = self.weights, self._hidden(x)
        mean, variance = w[MEAN], w[VARIANCE]
        if training:
            mean, variance = hidden.mean(axis=0), hidden.var(axis=0)
        normed = (hidden - mean) / np.sqrt(variance + EPSILON)
        scaled = w["norm", "gamma"] * normed + w["norm", "beta"]
        output = scaled @ w["head", "kernel"] + w["head", "bias"]
        return hidden, mean, variance, normed, scaled, output

    def _gradients(self, x, y):
        training = "norm" in self.trained
        forward = self._forward(x, training)
        hidden, mean, variance, normed, scaled, output = forward
        error = 2 * (output - y) / y.size
        back = error @ self.weights["head", "kernel"].T
        found = {
            ("head", "kernel"): scaled.T @ error,
            ("head", "bias"): error.sum(axis=0),
            ("norm", "gamma"): (back * normed).sum(axis=0),
            ("norm", "beta"): back.sum(axis=0),
        }
        back = back * self.weights["norm", "gamma"]
        if training:
            along = normed * (back * normed).mean(axis=0)
            back = back - back.mean(axis=0) - along
        back = back / np.sqrt(variance + EPSILON) * (1 - hidden**2)
        found["low", "kernel"] = np.asarray(x, "float64").T @ back
        found["low", "bias"] = back.sum(axis=0)
        if not training:
            return found, {}
        new = {MEAN: mean, VARIANCE: variance}
        return found, {
            key: MOMENTUM * self.weights[key] + (1 - MOMENTUM) * value
            for key, value in new.items()
        }
