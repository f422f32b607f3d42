"""A training script that may die, and goes on when it is run again.

As a script: `python -m tests.helpers.resumable FOLDER CASE PLACE UPDATE`
trains the case with a backup in FOLDER until the process kills itself by
SIGKILL, behind that update of this process.
"""

import os
import signal
import sys
from pathlib import Path

import keras
import numpy as np

import keras_trainkit as ktk
from tests.helpers.models import FEATURES
from tests.helpers.models import regression_data

BATCH, STEPS, EPOCHS, STAGE, RATE = 16, 4, 4, 2, 0.05
X, Y = regression_data(BATCH * STEPS)


def network():
    """No dropout: Keras's backups leave out the state of random layers."""
    keras.utils.set_random_seed(7)
    return keras.Sequential(
        [
            keras.Input((FEATURES,)),
            keras.layers.Dense(4, activation="tanh", name="low"),
            keras.layers.BatchNormalization(name="norm"),
            keras.layers.Dense(1, name="head"),
        ],
        name="net",
    )


def sgd(**options):
    return keras.optimizers.SGD(RATE, momentum=0.9, **options)


def adam(**options):
    return keras.optimizers.Adam(RATE, **options)


def decaying():
    decay = keras.optimizers.schedules.InverseTimeDecay(RATE, 4, 0.5)
    return keras.optimizers.SGD(decay, momentum=0.9)


def loss_scale():
    return keras.optimizers.LossScaleOptimizer(adam(), initial_scale=64.0)


def layerwise():
    return ktk.optimizers.LayerwiseLearningRate(adam(), {"*low*": 0.5})


def fine_tuning():
    return ktk.callbacks.FineTuning({0: "head", STAGE: "all"})


def one_cycle():
    return ktk.callbacks.OneCycle(0.2)


def schedule():
    return ktk.callbacks.HyperparameterSchedule(
        learning_rate=ktk.schedules.Warmup(0.1, warmup_steps=6),
        momentum=lambda update: 0.8 + 0.01 * (update % 10),
    )


# Optimizer, and the callbacks of the run.
CASES = {
    "OneCycle": (sgd, [one_cycle]),
    "HyperparameterSchedule": (adam, [schedule]),
    "FineTuning": (adam, [fine_tuning]),
    "FineTuning, compiled schedule": (decaying, [fine_tuning]),
    "FineTuning, OneCycle": (sgd, [fine_tuning, one_cycle]),
    "OneCycle, FineTuning": (adam, [one_cycle, fine_tuning]),
    "HyperparameterSchedule, FineTuning": (sgd, [schedule, fine_tuning]),
    "loss scale": (loss_scale, [fine_tuning, one_cycle]),
    "rates of layers": (layerwise, [fine_tuning, one_cycle]),
    "averages": (lambda: sgd(use_ema=True), [fine_tuning]),
    "accumulation": (
        lambda: sgd(gradient_accumulation_steps=2),
        [fine_tuning, one_cycle],
    ),
}


def train(folder, case, place, *others, model=None):
    """Trains a case on; returns the model.

    Args:
        folder: Of the backup.
        case: One of `CASES`.
        place: Of the backup among the callbacks: `"first"` or `"last"`.
        others: More callbacks, behind these.
        model: Defaults to a new one, as a new process has.
    """
    make, callbacks = CASES[case]
    if model is None:
        model = network()
        # XLA on TensorFlow compiles for seconds and adds nothing here.
        xla = keras.backend.backend() == "jax"
        model.compile(make(), "mse", jit_compile=xla)
    backup = keras.callbacks.BackupAndRestore(Path(folder) / "backup")
    listed = [callback() for callback in callbacks]
    listed.insert(0 if place == "first" else len(listed), backup)
    model.fit(
        X,
        Y,
        batch_size=BATCH,
        epochs=EPOCHS,
        shuffle=False,
        verbose=0,
        callbacks=[*listed, *others],
    )
    return model


def state(model):
    """All that training leaves behind, as arrays by name."""
    optimizer = model.optimizer
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    momenta = [getattr(inner, n, np.nan) for n in ("momentum", "beta_1")]
    found = {
        "learning rate": float(inner.learning_rate),
        "momentum": momenta,
        "trainable": [w.trainable for w in model.weights],
    }
    found |= {f"weight {i}": w for i, w in enumerate(model.get_weights())}
    for i, variable in enumerate(optimizer.variables):
        found[f"slot {i}"] = keras.ops.convert_to_numpy(variable)
    return {name: np.array(value) for name, value in found.items()}


class KillAt(keras.callbacks.Callback):
    """SIGKILL: no handler, no `finally`, nothing is flushed."""

    def __init__(self, update):
        super().__init__()
        self.left = update

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    train(*sys.argv[1:4], KillAt(int(sys.argv[4])))
