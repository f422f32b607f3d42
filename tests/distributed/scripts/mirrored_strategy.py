"""Two logical CPUs under one `MirroredStrategy`: a second one in a process
breaks TensorFlow's collectives."""

import json
import sys

import keras
import numpy as np
import tensorflow as tf

import keras_trainkit as ktk
from tests.distributed.scripts import scenarios

CPU = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(
    CPU, [tf.config.LogicalDeviceConfiguration()] * 2
)
STRATEGY = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])


def on_each(value):
    return [np.asarray(v) for v in STRATEGY.experimental_local_results(value)]


def report(name):
    single, _ = scenarios.trained(name)
    several, moved = scenarios.trained(name, scope=STRATEGY.scope)
    return scenarios.compared(
        single, several, moved, lambda variable: on_each(variable.value)
    )


def refusal(callback, optimizer, **kwargs):
    """Returns the error, and how far the weights went until then."""
    with STRATEGY.scope():
        model = scenarios.mlp()
        model.compile(optimizer(), "mse", **kwargs)
    before = model.get_weights()
    try:
        scenarios.fit(model, [callback()] if callback else [])
    except Exception as error:
        moved = scenarios.apart(before, model.get_weights())
        return [type(error).__name__, str(error), moved]
    return ["none", "", scenarios.apart(before, model.get_weights())]


def batch_norm(synchronized):
    """Trains batch statistics, which come from each replica's own rows."""
    keras.utils.set_random_seed(1)
    with STRATEGY.scope():
        layer = keras.layers.BatchNormalization(synchronized=synchronized)
        model = keras.Sequential(
            [keras.Input((8,)), layer, keras.layers.Dense(1)]
        )
        model.compile(scenarios.sgd(), "mse")
    before = model.get_weights()
    scenarios.fit(model, [scenarios.one_cycle()], epochs=1)
    return {
        "weights_apart": copies_apart(model.trainable_variables),
        "statistics_apart": copies_apart(model.non_trainable_variables),
        "moved": scenarios.apart(before, model.get_weights()),
    }


def copies_apart(variables):
    copies = [on_each(v.value) for v in variables]
    return max(scenarios.apart(held[:1], held[1:]) for held in copies)


def masks():
    """Returns the zeros and ones of MC dropout on every replica."""
    with STRATEGY.scope():
        layer = ktk.layers.MCDropout(0.5, seed=1)
    draw = tf.function(lambda: layer(tf.ones((4, 64))) > 0)
    return [mask.tolist() for mask in on_each(STRATEGY.run(draw))]


def accumulating():
    return scenarios.sgd(gradient_accumulation_steps=2)


def scaled_accumulating():
    return keras.optimizers.LossScaleOptimizer(accumulating())


# Plain Keras comes last: its own failures may break the collectives.
OWNERS = {
    "FineTuning": scenarios.fine_tuning,
    "OneCycle": scenarios.one_cycle,
    "plain Keras": None,
}
REFUSED = {
    "accumulation": (accumulating, {}),
    "accumulation with a loss scale": (scaled_accumulating, {}),
    "steps_per_execution": (scenarios.sgd, {"steps_per_execution": 4}),
}

FOUND = {
    "scenarios": {name: report(name) for name in scenarios.SCENARIOS},
    "batch_norm": {str(s): batch_norm(s) for s in (True, False)},
    "masks": [masks(), masks()],
    "eager accumulation": refusal(
        scenarios.one_cycle, accumulating, run_eagerly=True
    ),
    "refused": {
        owner: {
            what: refusal(callback, optimizer, **kwargs)
            for what, (optimizer, kwargs) in REFUSED.items()
        }
        for owner, callback in OWNERS.items()
    },
}

with open(sys.argv[1], "w", encoding="utf-8") as out:
    json.dump(FOUND, out)
