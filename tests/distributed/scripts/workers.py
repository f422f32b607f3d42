"""One of two workers of a `MultiWorkerMirroredStrategy`: TF_CONFIG says which.

Keras's own `fit` comes last, since its failure may break the collectives.
"""

import json
import os
import sys
from pathlib import Path

import tensorflow as tf

STRATEGY = tf.distribute.MultiWorkerMirroredStrategy()

import numpy as np  # noqa: E402

import keras_trainkit as ktk  # noqa: E402
from keras_trainkit.backend.devices.process import is_main_process  # noqa: E402
from tests.distributed.scripts import scenarios  # noqa: E402
from tests.helpers.models import regression_data  # noqa: E402

X, Y = regression_data()
CALLBACKS = {
    "OneCycle": scenarios.one_cycle,
    "HyperparameterSchedule": scenarios.schedule,
    "FineTuning": scenarios.fine_tuning,
    "RaiseLROnPlateau": scenarios.kicks,
    "LearningRateFinder": scenarios.finder,
    "MagnitudePruning": ktk.callbacks.MagnitudePruning,
    "GradientMonitor": ktk.callbacks.GradientMonitor,
    "NonFiniteGuard": ktk.callbacks.NonFiniteGuard,
    "RefreshBatchNorm": lambda: ktk.callbacks.RefreshBatchNorm(X),
    "StochasticWeightAveraging": ktk.callbacks.StochasticWeightAveraging,
    "TrainingDoctor": ktk.callbacks.TrainingDoctor,
    "ActivationMonitor": lambda: ktk.callbacks.ActivationMonitor(X),
    "EvaluateTraining": lambda: ktk.callbacks.EvaluateTraining(X, Y),
    "MCEvaluation": lambda: ktk.callbacks.MCEvaluation(X, Y > 0),
}


def error_of(function):
    """Returns the class and the message of what a function raises."""
    try:
        function()
    except Exception as error:
        return [type(error).__name__, str(error)]
    return ["none", ""]


def errors(model):
    yield "refresh", lambda: ktk.batch_norm.refresh(model, X, verbose=0)
    yield "mc_predict", lambda: ktk.uncertainty.mc_predict(model, X)
    yield from CALLBACKS.items()
    yield "plain Keras", lambda: scenarios.fit(model, [], epochs=1)


def main(folder):
    with STRATEGY.scope():
        model = scenarios.mlp(batch_norm=True)
        model.compile("sgd", "mse")
        in_scope = is_main_process()
    before = model.get_weights()
    found = {name: error_of(function) for name, function in errors(model)}
    moved = any(map(np.any, map(np.subtract, model.get_weights(), before)))
    task = json.loads(os.environ["TF_CONFIG"])["task"]
    report = {
        "errors": found,
        "moved": moved,
        "main": [is_main_process(), in_scope],
    }
    out = folder / f"worker_{task['index']}.json"
    out.write_text(json.dumps(report, default=bool), "utf-8")
    # Leaving in good order waits for the other worker's collectives.
    os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
