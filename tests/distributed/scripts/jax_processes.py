"""One of the two processes that docs/distributed.md starts on JAX.

`first` ends where the second process is killed in the middle of a training;
`again` starts the same training again.
"""

import contextlib
import io
import json
import os
import shutil
import signal
import sys
from pathlib import Path

import keras
import numpy as np

import keras_trainkit as ktk
import tests.helpers.without_tensorflow  # noqa: F401
from tests.distributed.scripts import counted_samples
from tests.distributed.scripts import scenarios
from tests.helpers.models import regression_data

keras.distribution.initialize()

import jax  # noqa: E402

PROCESS = jax.process_index()
IS_MAIN = PROCESS == 0
DEVICES = keras.distribution.list_devices()
OWN_ROWS = {"auto_shard_dataset": False}
EPOCHS, BATCH = 3, 16
# What the doctor has measured of every layer.
MEASURED = ("std", "update_ratio")
X, Y = regression_data()


def data_parallel():
    return keras.distribution.DataParallel(**OWN_ROWS)


def model_parallel():
    """Each layer is spread over both processes, the batch within each."""
    mesh = keras.distribution.DeviceMesh(
        (2, 2), ["batch", "model"], np.reshape(DEVICES, (2, 2)).T
    )
    layouts = keras.distribution.LayoutMap(mesh)
    layouts[".*hidden/kernel"] = (None, "model")
    layouts[".*hidden/bias"] = ("model",)
    layouts[".*head/kernel"] = ("model", None)
    return keras.distribution.ModelParallel(
        layout_map=layouts, batch_dim_name="batch", **OWN_ROWS
    )


def own_rows(array):
    """Returns this process's half of every batch."""
    parts = array.reshape(-1, 2, BATCH // 2, array.shape[-1])
    return parts[:, PROCESS].reshape(-1, array.shape[-1])


# name: (distribution, rows of this process, of a batch)
ENGINES = {
    "alone": (lambda: None, lambda array: array, BATCH),
    "DataParallel": (data_parallel, own_rows, BATCH // 2),
    "ModelParallel": (model_parallel, lambda array: array, BATCH),
}


def trained_model(engine):
    keras.distribution.set_distribution(ENGINES[engine][0]())
    model = scenarios.mlp(batch_norm=True)
    model.compile(
        ktk.optimizers.LayerwiseLearningRate(
            keras.optimizers.AdamW(0.01, weight_decay=0.1), {"*hidden*": 0.5}
        ),
        "mse",
    )
    return model


def features(x, y):
    return {
        "cycle": ktk.callbacks.OneCycle(0.1),
        "schedule": ktk.callbacks.HyperparameterSchedule(
            weight_decay=lambda update: 0.1 - 0.005 * update
        ),
        "stages": ktk.callbacks.FineTuning(
            {0: ["bn", "head"], 1: "all"}, batch_norm="follow", verbose=1
        ),
        "pruning": ktk.callbacks.MagnitudePruning(0.5, frequency=2),
        "doctor": ktk.callbacks.TrainingDoctor(x, y, verbose=2),
        "refresh": ktk.callbacks.RefreshBatchNorm(x, batch_size=BATCH),
    }


def fit(engine, *others):
    """Trains with all features; returns what this process holds after it."""
    _, rows, batch_size = ENGINES[engine]
    model, (x, y) = trained_model(engine), map(rows, (X, Y))
    callbacks, printed = features(x, y), io.StringIO()
    with contextlib.redirect_stdout(printed):
        history = model.fit(
            x,
            y,
            batch_size=batch_size,
            epochs=EPOCHS,
            shuffle=False,
            verbose=0,
            callbacks=[*others, *callbacks.values()],
        )
    report = callbacks["doctor"].report()
    shard = model.get_layer("hidden").kernel.value.addressable_shards[0]
    return {
        "weights": [held(one) for one in model.variables],
        "state": [held(one) for one in model.optimizer.variables],
        "logs": history.history,
        "measured": {
            name: [v for row in report.layers for v in row.get(name, [])]
            for name in MEASURED
        },
        "problems": callbacks["doctor"]._examination.problems,
        "printed": printed.getvalue().splitlines(),
        "shard": list(shard.data.shape),
        "sparsities": callbacks["pruning"].sparsities,
    }


def held(variable):
    """Returns all of a variable; its copies have to be equal."""
    value = variable.value
    if not value.is_fully_replicated:
        from jax.experimental.multihost_utils import process_allgather

        return process_allgather(value, tiled=True).tolist()
    copies = [np.array(shard.data) for shard in value.addressable_shards]
    np.testing.assert_array_equal(copies, copies[:1] * len(copies))
    return copies[0].tolist()


def search(engine):
    """Searches for a learning rate on a model that is to be put back."""
    _, rows, batch_size = ENGINES[engine]
    model = trained_model(engine)
    before = [held(one) for one in model.variables]
    result = ktk.tuning.find_learning_rate(
        model,
        *map(rows, (X, Y)),
        batch_size=batch_size,
        shuffle=False,
        **scenarios.SEARCH,
    )
    return {
        "losses": result.losses.tolist(),
        "put_back": before == [held(one) for one in model.variables],
    }


def samples(engine):
    """Predicts; returns the samples, and how many each device has computed."""
    keras.distribution.set_distribution(ENGINES[engine][0]())
    return counted_samples.predicted(counted_samples.repeated(), 16)


def refusals():
    """Returns the errors where the processes have different data."""
    keras.distribution.set_distribution(data_parallel())
    model, found = counted_samples.repeated(), {}
    try:
        ktk.uncertainty.mc_predict(model, own_rows(X), samples=2, seed=1)
    except ValueError as error:
        found["other rows"] = str(error)
    model.compile("sgd", "mse")
    evaluation = ktk.callbacks.MCEvaluation(X[:4], Y[:4] > 0)
    evaluation.set_model(model)
    try:
        evaluation.on_train_begin()
    except ValueError as error:
        found["MCEvaluation"] = str(error)
    return found


class Kill(keras.callbacks.Callback):
    """Ends the second process in the middle of the third epoch."""

    def __init__(self, notice):
        super().__init__()
        self._notice, self._epoch = notice, None

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = epoch

    def on_train_batch_begin(self, batch, logs=None):
        if not IS_MAIN and (self._epoch, batch) == (2, 2):
            self._notice.write_text("gone", "utf-8")
            os.kill(os.getpid(), signal.SIGKILL)


def backup(folder):
    """Each process writes its own; all begin with the main one's."""
    own, of_main = (folder / f"backup_{i}" for i in (PROCESS, 0))
    if not IS_MAIN:
        shutil.rmtree(own, ignore_errors=True)
        if of_main.exists():
            shutil.copytree(of_main, own)
    return keras.callbacks.BackupAndRestore(own)


def on_main(function, engine):
    """Returns what one process alone finds, which the main one computes."""
    return function(engine) if IS_MAIN else None


def report(folder, phase):
    if phase == "again":
        yield "alone", on_main(fit, "alone")
        yield "DataParallel", fit("DataParallel", backup(folder))
        return
    yield "ModelParallel", fit("ModelParallel")
    for name, function in (("search", search), ("samples", samples)):
        yield f"{name} alone", on_main(function, "alone")
        yield name, function("DataParallel")
    yield "refused", refusals()


def main(folder, phase):
    found = dict(report(folder, phase))
    out = folder / f"{phase}_{PROCESS}.json"
    out.write_text(json.dumps(found), "utf-8")
    if phase == "first":
        fit("DataParallel", backup(folder), Kill(folder / "gone"))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
