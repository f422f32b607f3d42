"""What it costs to begin a `fit` with OneCycle: traces, and time.

A `fit` of a few batches is nearly all compiling, where something is compiled.
Three copies of a network take turns, fit by fit: one always trains plainly,
one begins with OneCycle, one trains plainly before and after it. Traces are
counted by a layer, which Python calls while a step is traced (on torch, which
is eager, at every step). Run as

    KERAS_BACKEND=jax OMP_NUM_THREADS=1 python benchmarks/compile_cost.py

Wanted, over the plain copy: the first `fit` at most 1.1, the others 1.05.
"""

import argparse

import keras
import numpy as np
from device import announce
from interleave import absolute
from interleave import clock

import keras_trainkit as ktk

BATCH, SIZE, CLASSES = 16, 32, 10
# In an epoch, of which a `fit` has two: the quick network gets more.
STEPS = {"small": 64, "mobilenet": 4}
COPIES = {
    "always plain": (False, False, False),
    "begins with it": (True, True, True),
    "before and after": (False, True, False),
}
# What is compared: a copy, its fit, and the fit of the plain copy.
RATIOS = {
    "first fit with OneCycle over first plain": ("begins with it", 0, 0),
    "second fit with OneCycle over second plain": ("begins with it", 1, 1),
    "plain after OneCycle over plain": ("before and after", 2, 2),
    "first plain over first plain (noise)": ("before and after", 0, 0),
    "third plain over second plain (noise)": ("always plain", 2, 1),
}


class Counter(keras.layers.Layer):
    """Counts the calls in training mode."""

    traces = 0

    def call(self, x, training=False):
        Counter.traces += bool(training)
        return x


def small():
    """A small convolutional network."""
    layers = keras.layers
    return [
        layers.Conv2D(8, 3, activation="relu"),
        layers.BatchNormalization(),
        layers.GlobalAveragePooling2D(),
        layers.Dense(32, activation="relu"),
    ]


def mobilenet():
    """MobileNetV2 with random weights."""
    return [
        keras.applications.MobileNetV2(
            input_shape=(SIZE, SIZE, 3),
            include_top=False,
            pooling="avg",
            weights=None,
        )
    ]


NETWORKS = {"small": small, "mobilenet": mobilenet}


def compiled(make):
    """Returns a new compiled network."""
    model = keras.Sequential([keras.Input((SIZE, SIZE, 3)), Counter()])
    for layer in make():
        model.add(layer)
    model.add(keras.layers.Dense(CLASSES))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.01, momentum=0.9), loss)
    return model


def timed(model, data, scheduled):
    """Returns the seconds and the traces of one `fit`."""
    callbacks = [ktk.callbacks.OneCycle(0.02)] if scheduled else []
    Counter.traces = 0
    start = clock()
    model.fit(*data, batch_size=BATCH, epochs=2, verbose=0, callbacks=callbacks)
    return clock() - start, Counter.traces


def measured(make, data, turn):
    """Returns `{copy: [(seconds, traces) of each fit]}` of new copies."""
    models = {name: compiled(make) for name in COPIES}
    found = {name: [] for name in COPIES}
    names = sorted(COPIES, reverse=turn % 2)
    for fit in range(3):
        for name in names:
            scheduled = COPIES[name][fit]
            found[name].append(timed(models[name], data, scheduled))
    return found


def report(network, repeats):
    """Prints a line for each ratio: median, quartiles, traces."""
    rng = np.random.default_rng(0)
    shape = (BATCH * STEPS[network], SIZE, SIZE, 3)
    data = rng.normal(size=shape).astype("float32"), np.arange(shape[0]) % 10
    make = NETWORKS[network]
    # What a process does only once.
    measured(small, data, 0)
    runs = [measured(make, data, turn) for turn in range(repeats)]
    for name, (copy, fit, plain) in RATIOS.items():
        pairs = [(run[copy][fit], run["always plain"][plain]) for run in runs]
        ratios = [ours[0] / theirs[0] for ours, theirs in pairs]
        low, median, high = np.percentile(ratios, [25, 50, 75])
        seconds = absolute(
            *([one[0] for one in each] for each in zip(*pairs, strict=True))
        )
        ours, theirs = ({pair[i][1] for pair in pairs} for i in (0, 1))
        print(
            f"[{keras.backend.backend()}] {network}: {name}: x{median:.3f} "
            f"(quartiles {low:.3f} to {high:.3f}, {repeats} pairs; "
            f"traces {ours} and {theirs}){seconds}",
            flush=True,
        )


def main():
    """Measures the networks that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--network", choices=NETWORKS, action="append")
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    for network in arguments.network or NETWORKS:
        report(network, arguments.repeats)


if __name__ == "__main__":
    announce()
    main()
