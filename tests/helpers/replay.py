"""Float64 NumPy replays of Keras's optimizers on one Dense(1) with MSE."""

import numpy as np


class LinearReplay:
    """Trains `x @ w + b` by hand, one batch and one set of values at a time.

    Args:
        weights: `model.get_weights()` before training.
        rule: One of the update rules below.
    """

    def __init__(self, weights, rule):
        self.weights = [np.asarray(w, "float64") for w in weights]
        self.rule = rule
        self.slots = [{} for _ in self.weights]

    def gradients(self, x, y):
        w, b = self.weights
        error = 2 * (x @ w + b - y) / y.size
        return [x.T @ error, error.sum(axis=0)]

    def step(self, x, y, **values):
        self.update(self.gradients(x, y), **values)

    def update(self, gradients, **values):
        self.weights = [
            self.rule(w, g, slots, **values)
            for w, g, slots in zip(
                self.weights, gradients, self.slots, strict=True
            )
        ]


def sgd(w, g, slots, learning_rate, momentum=0.0, nesterov=False):
    m = momentum * slots.get("m", 0.0) - learning_rate * g
    slots["m"] = m
    return w + (momentum * m - learning_rate * g if nesterov else m)


def nesterov(w, g, slots, learning_rate, momentum):
    return sgd(w, g, slots, learning_rate, momentum, nesterov=True)


def adam(w, g, slots, learning_rate, momentum=0.9, beta_2=0.999, eps=1e-7):
    t = slots["t"] = slots.get("t", 0) + 1
    m = slots["m"] = momentum * slots.get("m", 0.0) + (1 - momentum) * g
    v = slots["v"] = beta_2 * slots.get("v", 0.0) + (1 - beta_2) * g * g
    alpha = learning_rate * np.sqrt(1 - beta_2**t) / (1 - momentum**t)
    return w - alpha * m / (np.sqrt(v) + eps)


def batches(x, y, batch_size, epochs=1):
    """Yields the batches of an unshuffled `fit`."""
    for _ in range(epochs):
        for i in range(0, len(x), batch_size):
            yield (
                x[i : i + batch_size].astype("float64"),
                y[i : i + batch_size].astype("float64"),
            )
