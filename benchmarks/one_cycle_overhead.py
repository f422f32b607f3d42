"""Step time of `fit` with OneCycle, or any schedule, over `fit` without.

    KERAS_BACKEND=jax python benchmarks/one_cycle_overhead.py

6 x Dense(64), Adam, batch 32. Five `fit`s take turns epoch by epoch: a plain
one, one with OneCycle, one with HyperparameterSchedule on learning rate and
momentum, one with the obvious callback, which sets `optimizer.learning_rate`
before every batch, and a second plain one, whose ratio to the first shows
what noise alone does. All train at similar rates: at ten times the rate a step
of torch took up to 1.07 times as long, whoever set it. Printed are medians of
the ratios of adjacent epochs, and quartiles.
"""

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from device import announce
from interleave import epoch_times
from interleave import report
from networks import deep_model

import keras_trainkit as ktk

BATCH, STEPS = 32, 100
WARM_UP = 2


class SetEveryBatch(keras.callbacks.Callback):
    def on_train_batch_begin(self, batch, logs=None):
        self.model.optimizer.learning_rate = 1e-3


def fit_with(callbacks, data, epochs):
    model = deep_model()

    def fit(timer):
        model.fit(
            *data,
            batch_size=BATCH,
            epochs=epochs,
            verbose=0,
            callbacks=[*callbacks, timer],
        )

    return fit


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=60)
    epochs = parser.parse_args().epochs
    rng = np.random.default_rng(0)
    data = (
        rng.normal(size=(BATCH * STEPS, 64)).astype("float32"),
        rng.normal(size=(BATCH * STEPS, 1)).astype("float32"),
    )
    ways = {
        "plain": [],
        "OneCycle": [ktk.callbacks.OneCycle(1e-3)],
        "HyperparameterSchedule": [
            ktk.callbacks.HyperparameterSchedule(
                keras.optimizers.schedules.CosineDecay(1e-3, epochs * STEPS),
                momentum=lambda update: 0.85 + 0.1 / (1 + update),
            )
        ],
        "learning rate set every batch": [SetEveryBatch()],
        "plain again": [],
    }
    fits = [fit_with(callbacks, data, epochs) for callbacks in ways.values()]
    times = epoch_times(fits, WARM_UP)
    for name, row in zip(ways, times, strict=True):
        report(f"step time of {name} over plain", row, times[0])


if __name__ == "__main__":
    announce()
    main()
