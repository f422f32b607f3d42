"""Ill-conditioned problems with gradients by formula, for `shampoo.py`.

Each has `make(seed)`, which returns the weights at the start and the data, and
`loss_and_gradients(weights, data, step)`.
"""

import numpy as np
from keras import ops


def spread(rng, size, condition):
    """Returns a symmetric matrix in general position, largest eigenvalue 1."""
    q, _ = np.linalg.qr(rng.normal(size=(size, size)))
    return (q * np.geomspace(1, 1 / condition, size)) @ q.T


class KroneckerQuadratic:
    """`tr(E' A E B) / 2` for E = W - goal: the curvature is A (x) B."""

    @staticmethod
    def make(seed, rows=40, columns=30, condition=1000):
        rng = np.random.default_rng(seed)
        a, b = (spread(rng, size, condition) for size in (rows, columns))
        goal = rng.normal(size=(rows, columns))
        return [np.zeros((rows, columns))], [a, b, goal]

    @staticmethod
    def loss_and_gradients(weights, data, step):
        a, b, goal = data
        error = weights[0] - goal
        gradient = ops.matmul(ops.matmul(a, error), b)
        return ops.sum(gradient * error) / 2, [gradient]


class Factorisation:
    """`||U V' - M||^2 / 2` for an M whose singular values span 1 to 0.01."""

    @staticmethod
    def make(seed, rows=60, columns=40, rank=10):
        rng = np.random.default_rng(seed)
        left, _ = np.linalg.qr(rng.normal(size=(rows, rank)))
        right, _ = np.linalg.qr(rng.normal(size=(columns, rank)))
        m = (left * np.geomspace(1, 0.01, rank)) @ right.T
        shapes = (rows, rank), (columns, rank)
        return [0.1 * rng.normal(size=shape) for shape in shapes], [m]

    @staticmethod
    def loss_and_gradients(weights, data, step):
        u, v = weights
        error = ops.matmul(u, ops.transpose(v)) - data[0]
        gradients = [
            ops.matmul(error, v),
            ops.matmul(ops.transpose(error), u),
        ]
        return ops.sum(ops.square(error)) / 2, gradients


class Regression:
    """Least squares in batches; inputs of scales 1 to 0.01, mixed."""

    @staticmethod
    def make(seed, features=50, outputs=10, batches=10, batch=200):
        rng = np.random.default_rng(seed)
        mixed = spread(rng, features, 100)
        x = rng.normal(size=(batches, batch, features)) @ mixed
        goal = rng.normal(size=(features, outputs))
        return [np.zeros((features, outputs))], [x, x @ goal]

    @staticmethod
    def loss_and_gradients(weights, data, step):
        x, y = (one[step % one.shape[0]] for one in data)
        error = ops.matmul(x, weights[0]) - y
        gradient = ops.matmul(ops.transpose(x), error) / x.shape[0]
        return ops.sum(ops.square(error)) / (2 * x.shape[0]), [gradient]


PROBLEMS = {
    "Kronecker quadratic": KroneckerQuadratic,
    "matrix factorisation": Factorisation,
    "badly scaled regression": Regression,
}
