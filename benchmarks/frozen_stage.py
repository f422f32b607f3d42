"""What a frozen stage saves: its step time over that of full training.

A small convolutional model with a Dense head. `frozen` is a `fit` in which
FineTuning trains the head alone, `full` one in which it trains everything;
epochs of the two are timed in turns, so that a busy machine slows both alike.
The forward pass through the frozen layers remains, so the ratio shows what
their backward pass costs on the backend. Run as

    KERAS_BACKEND=jax OMP_NUM_THREADS=1 python benchmarks/frozen_stage.py
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


def conv_model():
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.Conv2D(32, 3, activation="relu", name="conv1"),
            layers.Conv2D(32, 3, activation="relu", name="conv2"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu", name="conv3"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(10, activation="softmax", name="head"),
        ]
    )


class EpochTime(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        self.begin = clock()

    def on_epoch_end(self, epoch, logs=None):
        self.seconds = clock() - self.begin


def stage(selection):
    """Returns a function that trains an epoch: seconds for one step."""
    model = conv_model()
    optimizer = keras.optimizers.Adam(1e-3)
    model.compile(optimizer, "sparse_categorical_crossentropy")
    rng = np.random.default_rng(0)
    x = rng.normal(size=(BATCH * STEPS, 32, 32, 3)).astype("float32")
    y = rng.integers(0, 10, BATCH * STEPS)
    timer = EpochTime()

    def seconds(*callbacks):
        model.fit(x, y, BATCH, verbose=0, callbacks=[*callbacks, timer])
        return timer.seconds / STEPS

    # The flags stay; the timed epochs are plain ones with a compiled step.
    seconds(ktk.callbacks.FineTuning({0: selection}))
    seconds()
    return seconds, len(optimizer.variables)


def main(pairs):
    (frozen, few), (full, many) = stage("head"), stage("all")
    rows = []
    for i in range(pairs):
        order = (frozen, full) if i % 2 else (full, frozen)
        seconds = {one: one() for one in order}
        rows.append((seconds[frozen], seconds[full]))
    ratios = [a / b for a, b in rows]
    low, middle, high = statistics.quantiles(ratios, n=4)
    head, whole = (
        statistics.median(column) for column in zip(*rows, strict=True)
    )
    print(f"backend {keras.backend.backend()}, {pairs} pairs of epochs")
    print(f"  head alone {head * 1e3:.1f} ms, {few} optimizer variables")
    print(f"  everything {whole * 1e3:.1f} ms, {many} optimizer variables")
    print(f"  ratio {middle:.2f}, quartiles {low:.2f} to {high:.2f}")


if __name__ == "__main__":
    announce()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=15)
    main(parser.parse_args().pairs)
