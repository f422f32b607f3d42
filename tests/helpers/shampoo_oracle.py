"""Shampoo in float64 NumPy, roots by eigendecomposition, blocks by slices."""

import keras
import numpy as np


def shampoo(
    beta_1=0.9,
    beta_2=0.999,
    epsilon=1e-6,
    root_every=10,
    block_size=128,
    grafting="adam",
):
    """Returns an update rule as those of `tests.helpers.replay`."""

    def rule(w, g, slots, learning_rate, momentum=beta_1):
        g = np.asarray(g, "float64")
        done = slots.setdefault("t", 0)
        slots["t"] = t = done + 1
        m = momentum * slots.get("m", 0.0) + (1 - momentum) * g
        slots["m"] = m
        collect(slots, products(folded(g), block_size))
        if done % root_every == 0 or "roots" not in slots:
            slots["roots"] = roots(slots["sums"], epsilon, unbiased(t))
        average = m / (1 - momentum**t)
        direction = folded(average)
        for axis, blocks in enumerate(slots["roots"]):
            direction = multiplied(direction, blocks, axis)
        direction = direction.reshape(g.shape)
        if grafting is not None:
            step = familiar(slots, g, average, t)
            length = np.linalg.norm(direction)
            if length > 0:
                direction = direction * np.linalg.norm(step) / length
            else:
                direction = step
        return w - learning_rate * direction

    rule.counts_updates = True

    def unbiased(t):
        return 1.0 if beta_2 == 1 else 1 - beta_2**t

    def kept(old, new):
        return old + new if beta_2 == 1 else beta_2 * old + (1 - beta_2) * new

    def collect(slots, new):
        old = slots.get("sums") or [[0 * b for b in axis] for axis in new]
        slots["sums"] = [
            [kept(a, b) for a, b in zip(*pair, strict=True)]
            for pair in zip(old, new, strict=True)
        ]

    def familiar(slots, g, average, t):
        if grafting == "sgd":
            return average
        old = slots.get("v", 0.0 * g)
        slots["v"] = old + g * g if grafting == "adagrad" else kept(old, g * g)
        v = slots["v"] / (unbiased(t) if grafting == "adam" else 1.0)
        return average / (np.sqrt(v) + 1e-7)

    return rule


def folded(g):
    return g.reshape([n for n in g.shape if n > 1] or [1])


def slices(length, block_size):
    count = -(-length // block_size)
    side = -(-length // count)
    return [slice(i * side, (i + 1) * side) for i in range(count)]


def products(g, block_size):
    """One list of `rows @ rows.T` for each axis."""
    found = []
    for axis, length in enumerate(g.shape):
        rows = np.moveaxis(g, axis, 0).reshape(length, -1)
        found.append([rows[s] @ rows[s].T for s in slices(length, block_size)])
    return found


def roots(sums, epsilon, share):
    """The inverse root of each block; zeros where there was no gradient."""
    order, found = 2 * len(sums), []
    for axis in sums:
        axis = [block / share for block in axis]
        scale = max(np.linalg.norm(block) for block in axis)
        found.append(
            [
                inverse_root(b + epsilon * scale * np.eye(len(b)), order)
                if scale
                else 0 * b
                for b in axis
            ]
        )
    return found


def inverse_root(a, order):
    values, vectors = np.linalg.eigh(a)
    return (vectors * values ** (-1 / order)) @ vectors.T


def multiplied(g, blocks, axis):
    moved = np.moveaxis(g, axis, 0)
    rows = moved.reshape(len(moved), -1)
    ends = np.cumsum([len(block) for block in blocks])
    parts = np.split(rows, ends[:-1])
    new = np.concatenate(
        [block @ part for block, part in zip(blocks, parts, strict=True)]
    )
    return np.moveaxis(new.reshape(moved.shape), 0, axis)


class TakesGradients(keras.layers.Layer):
    """Its weights' gradients are its input, whatever the weights are."""

    def __init__(self, starts, **kwargs):
        super().__init__(**kwargs)
        self.starts = starts

    def build(self, input_shape):
        self.values = [
            self.add_weight(
                shape=start.shape,
                initializer=lambda shape, dtype, v=start: (
                    keras.ops.convert_to_tensor(v, dtype)
                ),
                name=f"v{i}",
            )
            for i, start in enumerate(self.starts)
        ]

    def call(self, inputs):
        total, start = 0.0, 0
        for value in self.values:
            end = start + int(np.prod(value.shape))
            flat = keras.ops.reshape(value, (-1,))
            products = keras.ops.cast(inputs[:, start:end], flat.dtype) * flat
            total = total + keras.ops.sum(products, axis=-1)
            start = end
        return total


def fit_gradients(optimizer, starts, gradients, **options):
    """Returns the weights after a `fit` with given gradients, and the model.

    Args:
        optimizer: What is tested.
        starts: List of arrays, the weights.
        gradients: List of steps, each a list of arrays.
        **options: For `compile`.
    """
    rows = np.stack(
        [np.concatenate([g.ravel() for g in step]) for step in gradients]
    ).astype("float32")
    dtype = options.pop("dtype", None)
    model = keras.Sequential(
        [keras.Input((rows.shape[1],)), TakesGradients(starts, dtype=dtype)]
    )
    model.compile(
        optimizer, lambda y, output: keras.ops.mean(output), **options
    )
    targets = np.zeros((len(rows), 1), "float32")
    model.fit(rows, targets, batch_size=1, shuffle=False, verbose=0)
    return model.get_weights(), model
