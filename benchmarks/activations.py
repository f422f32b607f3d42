"""Cost of the activations in a compiled training step, and by themselves.

Each of them against the same thing composed by hand of `keras.ops`, as a
function of a tensor or as two Dense layers. Run as

    KERAS_BACKEND=torch OMP_NUM_THREADS=1 python benchmarks/activations.py

Each row: the median ratio of the two times over the pairs, with its quartiles;
below 1 ours is faster. `BENCHMARK_CLOCK=processor` measures the processor's
time, for a machine that is busy with other work.
"""

import argparse
import functools

import keras
import numpy as np
from device import announce
from interleave import absolute
from interleave import clock
from keras import ops

import keras_trainkit as ktk

ROWS = 256


class ByHand(keras.layers.Layer):
    """A trained beta and the formula, no more."""

    def build(self, shape):
        self.beta = self.add_weight(shape=(), initializer="ones")

    def call(self, x):
        return x * ops.sigmoid(self.beta * x)


def halves(x):
    return ops.split(x, 2, axis=-1)


def swish_gate(x):
    a, b = halves(x)
    return a * (b * ops.sigmoid(b))


def sigmoid_gate(x):
    a, b = halves(x)
    return a * ops.sigmoid(b)


def act(function):
    return functools.partial(keras.layers.Activation, function)


def halving(function):
    return functools.partial(keras.layers.Lambda, function)


layers = ktk.layers
# Ours, and the same by hand.
ACTIVATIONS = {
    "Swish()": (layers.Swish, ByHand),
    "swish": (act(ktk.activations.swish), act(lambda x: x * ops.sigmoid(x))),
    "quick_gelu": (
        act(ktk.activations.quick_gelu),
        act(lambda x: x * ops.sigmoid(1.702 * x)),
    ),
    "squared_relu": (
        act(ktk.activations.squared_relu),
        act(lambda x: ops.relu(x) ** 2),
    ),
    "SquaredReLU()": (layers.SquaredReLU, act(lambda x: ops.relu(x) ** 2)),
}
HALVING = {
    "GLU()": (layers.GLU, halving(sigmoid_gate)),
    "SwiGLU()": (layers.SwiGLU, halving(swish_gate)),
}


def stack(make, units, depth, policy, width=1):
    """Returns dense layers, `width` times as wide, with an activation each."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((units,))])
    for _ in range(depth):
        model.add(keras.layers.Dense(width * units, dtype=policy))
        model.add(make(dtype=policy))
    return model


def ours_gated(units, depth, policy):
    keras.utils.set_random_seed(0)
    gates = [layers.SwiGLU(units, dtype=policy) for _ in range(depth)]
    return keras.Sequential([keras.Input((units,)), *gates])


def gated_by_hand(units, depth, policy):
    keras.utils.set_random_seed(0)
    h = inputs = keras.Input((units,))
    for _ in range(depth):
        a = keras.layers.Dense(units, dtype=policy)(h)
        h = a * keras.layers.Dense(units, "silu", dtype=policy)(h)
    return keras.Model(inputs, h)


def step_time(model, steps):
    """Returns a function that trains some steps: seconds for one."""
    model.compile("sgd", loss=lambda _, y: ops.mean(y, axis=-1))
    shape = (ROWS, model.input_shape[-1])
    x = np.random.default_rng(0).normal(size=shape).astype("float32")
    # Compiled, and built, before the clock runs.
    model.train_on_batch(x, x[:, :1])

    def seconds():
        begin = clock()
        for _ in range(steps):
            loss = model.train_on_batch(x, x[:, :1])
        float(loss if np.ndim(loss) == 0 else loss[0])
        return (clock() - begin) / steps

    return seconds


def compare(title, ours, theirs, pairs):
    """Prints the median ratio over pairs that take turns to be first."""
    ratios, times = [], []
    for place in range(pairs):
        order = (ours, theirs) if place % 2 else (theirs, ours)
        seconds = {function: function() for function in order}
        ratios.append(seconds[ours] / seconds[theirs])
        times.append((seconds[ours], seconds[theirs]))
    low, median, high = np.percentile(ratios, [25, 50, 75])
    print(
        f"[{keras.backend.backend()}] {title:<34}x{median:.3f} "
        f"(quartiles {low:.3f} to {high:.3f}, {pairs} pairs)"
        + absolute(*np.transpose(times)),
        flush=True,
    )


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--pairs", type=int, default=25)
    add("--steps", type=int, default=10)
    add("--depth", type=int, default=4)
    add("--units", type=int, default=512)
    add("--policies", nargs="+", default=["float32"])
    add("--only", nargs="+", help="names of rows")
    return parser.parse_args()


def rows():
    """Returns, by name, two functions that make models to be compared."""
    found = {
        name: [functools.partial(stack, make, width=width) for make in pair]
        for width, pairs in ((1, ACTIVATIONS), (2, HALVING))
        for name, pair in pairs.items()
    }
    return found | {"SwiGLU(units), two Dense": (ours_gated, gated_by_hand)}


def main():
    args = parse()
    for policy in args.policies:
        for name, makers in rows().items():
            if args.only and name not in args.only:
                continue
            models = [make(args.units, args.depth, policy) for make in makers]
            pair = [step_time(model, args.steps) for model in models]
            compare(f"{name}, {policy}", *pair, args.pairs)


if __name__ == "__main__":
    announce()
    main()
