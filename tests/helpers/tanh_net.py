"""A float64 NumPy replay of training a tanh network in stages, with MSE."""

import keras
import numpy as np

from tests.helpers import replay
from tests.helpers.models import FEATURES

NAMES = ("low", "high", "head")
WIDTH = 4


def tanh_net(seed=1):
    """Two tanh layers and a linear head, named as in `NAMES`."""
    keras.utils.set_random_seed(seed)
    return keras.Sequential(
        [
            keras.Input((FEATURES,)),
            keras.layers.Dense(WIDTH, activation="tanh", name="low"),
            keras.layers.Dense(WIDTH, activation="tanh", name="high"),
            keras.layers.Dense(1, name="head"),
        ],
        name="net",
    )


class TanhReplay:
    """Trains a `tanh_net` by hand; only the layers in `self.trained` move.

    Args:
        weights: `model.get_weights()` before training.
        rule: `replay.sgd` or `replay.adam`.
        clipnorm: As in Keras, for each weight on its own.
        weight_decay: As in Keras.
        decays_bias: Whether biases decay too.
        ema: Momentum of an average of the weights, kept in `averages`.
        accumulate: Batches per update.
        multipliers: `{layer name: multiple of the learning rate}`.
    """

    def __init__(
        self,
        weights,
        rule,
        clipnorm=None,
        weight_decay=0.0,
        decays_bias=True,
        ema=None,
        accumulate=1,
        multipliers=None,
    ):
        self.rule = rule
        self.clipnorm = clipnorm
        self.weight_decay = weight_decay
        self.decays_bias = decays_bias
        self.ema = ema
        self.accumulate = accumulate
        self.multipliers = multipliers or {}
        keys = [(name, kind) for name in NAMES for kind in ("kernel", "bias")]
        values = (np.asarray(w, "float64") for w in weights)
        self.weights = dict(zip(keys, values, strict=True))
        self.slots, self.averages, self.sums = {}, {}, {}
        self.batches = 0

    def train(self, *names):
        """From now on exactly the layers `names` train."""
        keys = [key for key in self.weights if key[0] in names]
        self.slots = {key: self.slots.get(key, {}) for key in keys}
        self.sums = {key: self.sums.get(key, 0.0) for key in keys}
        self.averages = {
            key: self.averages.get(key, self.weights[key]) for key in keys
        }

    def step(self, x, y, **values):
        """One batch; one with a gradient that is not finite is left out."""
        gradients = self.gradients(x, y)
        if not all(np.isfinite(g).all() for g in gradients.values()):
            return
        updates = self.batches // self.accumulate
        self.batches += 1
        for key in self.slots:
            self.sums[key] = self.sums[key] + gradients[key]
            if self.batches % self.accumulate == 0:
                mean = self.sums[key] / self.accumulate
                self._update(key, mean, updates, **values)
                self.sums[key] = 0.0
            keep = self.ema if updates and self.ema else 0.0
            new = (1 - keep) * self.weights[key]
            self.averages[key] = keep * self.averages[key] + new

    def gradients(self, x, y):
        outputs = [x]
        for name in NAMES:
            z = outputs[-1] @ self.weights[name, "kernel"]
            z = z + self.weights[name, "bias"]
            outputs.append(z if name == "head" else np.tanh(z))
        error, found = 2 * (outputs[-1] - y) / y.size, {}
        for i, name in reversed(list(enumerate(NAMES))):
            found[name, "kernel"] = outputs[i].T @ error
            found[name, "bias"] = error.sum(axis=0)
            back = error @ self.weights[name, "kernel"].T
            error = back * (1 - outputs[i] ** 2)
        return found

    def average(self):
        """What Keras does at the end of `fit` with `use_ema`."""
        self.weights = {**self.weights, **self.averages}

    def loss(self, x, y):
        hidden = x.astype("float64")
        for name in NAMES[:-1]:
            kernel, bias = (self.weights[name, k] for k in ("kernel", "bias"))
            hidden = np.tanh(hidden @ kernel + bias)
        kernel, bias = (self.weights["head", k] for k in ("kernel", "bias"))
        return float(np.mean((hidden @ kernel + bias - y) ** 2))

    def _update(self, key, gradient, updates, learning_rate, **values):
        weight, slots = self.weights[key], self.slots[key]
        learning_rate = learning_rate * self.multipliers.get(key[0], 1.0)
        if not learning_rate:
            return
        if self.clipnorm:
            norm = np.sqrt(np.sum(gradient**2))
            gradient = gradient * self.clipnorm / max(norm, self.clipnorm)
        if self.decays_bias or key[1] == "kernel":
            weight = weight * (1 - self.weight_decay * learning_rate)
        if self.rule is replay.adam or hasattr(self.rule, "counts_updates"):
            slots["t"] = updates
        self.weights[key] = self.rule(
            weight, gradient, slots, learning_rate=learning_rate, **values
        )
