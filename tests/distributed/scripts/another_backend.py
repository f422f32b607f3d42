"""Trains until it is killed, or goes on with what other backends have left.

`python -m tests.distributed.scripts.another_backend FOLDER die` trains with
each optimizer to the end, and then, with backups, until it kills itself by
SIGKILL in the middle of both runs. With `go_on` in place of `die` it takes the
backups of the other backends up, and reports how far their ends are apart.
"""

import json
import os
import signal
import sys
from pathlib import Path

if os.environ["KERAS_BACKEND"] != "tensorflow":
    import tests.helpers.without_tensorflow  # noqa: F401

import keras
import numpy as np

import keras_trainkit as ktk
from tests.helpers.models import FEATURES
from tests.helpers.models import regression_data

BACKENDS = ("tensorflow", "jax", "torch")
BATCH, STEPS, EPOCHS, STAGE, RATE = 16, 4, 5, 2, 0.05
X, Y = regression_data(BATCH * STEPS)


def sgd():
    return keras.optimizers.SGD(RATE, momentum=0.9, name="optimizer")


def adam():
    return keras.optimizers.Adam(RATE, name="optimizer")


# Optimizer, and the update of the process behind which the run dies: in the
# second stage, and in the first.
RUNS = {
    "SGD": (sgd, 14),
    "Adam": (adam, 7),
}


def network(optimizer):
    """Returns a model with the same weights on every backend."""
    model = keras.Sequential(
        [
            keras.Input((FEATURES,)),
            keras.layers.Dense(4, activation="tanh", name="low"),
            keras.layers.BatchNormalization(name="norm"),
            keras.layers.Dense(1, name="head"),
        ],
        name="net",
    )
    random = np.random.default_rng(1)
    for name in ("low", "head"):
        layer = model.get_layer(name)
        kernel = random.normal(0, 0.4, layer.kernel.shape)
        layer.set_weights([kernel, np.zeros(layer.bias.shape)])
    model.compile(RUNS[optimizer][0](), "mse", jit_compile=False)
    return model


class After(keras.callbacks.Callback):
    """Calls `act` behind the update number `left`."""

    def __init__(self, left, act):
        super().__init__()
        self.left, self.act = left, act

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        if self.left == 0:
            self.act()


def train(optimizer, folder=None, *others):
    """Returns the model and the curve, trained to the end of the run."""
    model, one_cycle = network(optimizer), ktk.callbacks.OneCycle(0.2)
    stages = {0: "head", STAGE: "all"}
    callbacks = [
        ktk.callbacks.FineTuning(stages, batch_norm="follow"),
        one_cycle,
        *others,
    ]
    if folder is not None:
        callbacks.append(keras.callbacks.BackupAndRestore(folder))
    model.fit(
        X,
        Y,
        batch_size=BATCH,
        epochs=EPOCHS,
        shuffle=False,
        verbose=0,
        callbacks=callbacks,
    )
    return model, one_cycle


def state(model):
    """Returns all that a run leaves behind, as arrays by name."""
    found = {"learning rate": model.optimizer.learning_rate}
    found |= {f"weight {v.path}": v for v in model.weights}
    found |= {f"slot {v.path}": v for v in model.optimizer.variables}
    numbers = {n: keras.ops.convert_to_numpy(v) for n, v in found.items()}
    trainable = np.array([v.trainable for v in model.weights])
    return {n: np.array(v) for n, v in numbers.items()} | {"flags": trainable}


def backup(root, backend, optimizer):
    return Path(root) / f"{backend} {optimizer}"


def die(root):
    """Trains undisturbed, then to a SIGKILL within a run within a run."""
    backend = keras.backend.backend()
    for optimizer in RUNS:
        end = state(train(optimizer)[0])
        np.savez(f"{backup(root, backend, optimizer)}.npz", **end)

    def run(optimizer, act):
        after = After(RUNS[optimizer][1], act)
        train(optimizer, backup(root, backend, optimizer), after)

    def kill():
        os.kill(os.getpid(), signal.SIGKILL)

    run("SGD", lambda: run("Adam", kill))


def go_on(root):
    """Writes what became of each run of another backend."""
    here = keras.backend.backend()
    report = {
        f"{there} {optimizer}": continued(root, there, optimizer)
        for there in BACKENDS
        if there != here
        for optimizer in RUNS
    }
    path = Path(root) / f"{here}.json"
    path.write_text(json.dumps(report), "utf-8")


def continued(root, there, optimizer):
    # Each backend goes on with its own copy.
    left = backup(root, there, optimizer)
    own = left.with_name(f"{left.name} on {keras.backend.backend()}")
    own.mkdir()
    for file in left.iterdir():
        (own / file.name).write_bytes(file.read_bytes())
    model, one_cycle = train(optimizer, own)
    with np.load(f"{left}.npz") as file:
        theirs = dict(file)
    ours = state(model)
    return {
        "names": [sorted(ours), sorted(theirs)],
        "apart": {
            name: float(np.abs(ours[name] - theirs[name].astype(float)).max())
            for name in ours.keys() & theirs.keys()
        },
        "epochs": model.history.epoch,
        "positions": one_cycle.trace()["step"].tolist(),
    }


if __name__ == "__main__":
    {"die": die, "go_on": go_on}[sys.argv[2]](sys.argv[1])
