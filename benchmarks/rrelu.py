"""Cost of RReLU in a compiled training step.

Against `keras.layers.Dropout` + `LeakyReLU` on the same tensor and, on the
torch backend, against torch's own `rrelu`, in a step and by itself. Run as

    KERAS_BACKEND=torch OMP_NUM_THREADS=1 python benchmarks/rrelu.py

Each row: the median ratio of the two times over the pairs and its quartiles;
then what the activations add to the fastest step without any, which is the
stricter comparison.
"""

import argparse
import statistics

import keras
import numpy as np
from device import announce
from interleave import clock

import keras_trainkit as ktk

BATCH = 32
STEPS = 8


class Scale(keras.layers.Layer):
    """One weight per feature, so that a gradient has to come back."""

    def build(self, shape):
        self.scale = self.add_weight(shape=shape[1:], initializer="ones")

    def call(self, x):
        return x * self.scale


class TorchRReLU(keras.layers.Layer):
    def call(self, x, training=False):
        from torch.nn.functional import rrelu

        return rrelu(x, training=training)


class EpochTime(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        self.begin = clock()

    def on_epoch_end(self, epoch, logs=None):
        self.seconds = clock() - self.begin


def training_step(size, *layers):
    """Returns a function that trains some steps: seconds for one step."""
    features = size // BATCH
    model = keras.Sequential([keras.Input((features,)), Scale(), *layers])
    model.compile("sgd", loss=lambda _, y: keras.ops.mean(y, axis=-1))
    x = np.random.default_rng(0).normal(size=(BATCH * STEPS, features))
    x, y = x.astype("float32"), np.zeros((BATCH * STEPS, 1), "float32")

    def seconds():
        timer = EpochTime()
        model.fit(x, y, BATCH, verbose=0, shuffle=False, callbacks=[timer])
        return timer.seconds / STEPS

    seconds()
    return seconds


def torch_pass(size, activation, backward):
    """Returns a function that applies `activation`: seconds for one call."""
    import torch

    x = torch.randn(BATCH, size // BATCH, requires_grad=backward)

    def once():
        x.grad = None
        y = activation(x)
        if backward:
            y.backward(torch.ones_like(y))

    def seconds():
        begin = clock()
        for _ in range(STEPS):
            once()
        return (clock() - begin) / STEPS

    once()
    return seconds


def compare(title, ours, theirs, nothing, pairs):
    """Prints the median ratio of `ours` to `theirs` over `pairs` pairs."""
    rows = []
    for i in range(pairs):
        order = (ours, theirs) if i % 2 else (theirs, ours)
        seconds = {f: f() for f in order}
        rows.append((seconds[ours], seconds[theirs], nothing()))
    low, ratio, high = statistics.quantiles([r[0] / r[1] for r in rows], n=4)
    # The fastest runs: a difference of medians drowns in a busy machine.
    own, other, base = (min(column) for column in zip(*rows, strict=True))
    print(
        f"{title:<38}{ratio:6.2f}x ({low:.2f} to {high:.2f});  alone"
        f"{(own - base) * 1e6:7.0f} us /{(other - base) * 1e6:7.0f} us"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=25)
    parser.add_argument(
        "--sizes", type=int, nargs="+", default=[2**12, 2**16, 2**20]
    )
    options = parser.parse_args()
    print(f"backend {keras.backend.backend()}, {options.pairs} pairs")
    for size in options.sizes:
        report(size, options.pairs)


def report(size, pairs):
    nothing = training_step(size)
    ours = training_step(size, ktk.layers.RReLU())
    dropout = training_step(
        size, keras.layers.Dropout(0.2), keras.layers.LeakyReLU()
    )
    compare(f"{size}: step, Dropout + LeakyReLU", ours, dropout, nothing, pairs)
    if keras.backend.backend() != "torch":
        return
    layer, own = ktk.layers.RReLU(), TorchRReLU()
    native = training_step(size, TorchRReLU())
    compare(f"{size}: step, torch rrelu", ours, native, nothing, pairs)
    for backward in (False, True):
        name = "forward + backward" if backward else "forward"
        compare(
            f"{size}: {name}, torch rrelu",
            torch_pass(size, lambda x: layer(x, training=True), backward),
            torch_pass(size, lambda x: own(x, training=True), backward),
            lambda: 0.0,
            pairs,
        )


if __name__ == "__main__":
    announce()
    main()
