"""Two logical CPUs under one `MirroredStrategy`: a second one in a process
breaks TensorFlow's collectives."""

import contextlib
import json
import sys

import keras
import numpy as np
import tensorflow as tf

import keras_trainkit as ktk
from tests.distributed.scripts import counted_samples
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


def search(name):
    """Searches outside the strategy's scope, as docs say, and inside."""
    inside = name == "LearningRateFinder"
    one, single = scenarios.searched(name)
    report, several = scenarios.searched(
        name,
        lambda variable: on_each(variable.value),
        STRATEGY.scope,
        STRATEGY.scope if inside else contextlib.nullcontext,
    )
    weights = [model.get_weights() for model in (single, several)]
    return {**report, "alone": one, "apart": scenarios.apart(*weights)}


class Seen(keras.layers.Layer):
    """Remembers what each replica has put through it, four rows."""

    def build(self, shape):
        self.rows = self.add_weight(
            shape=(4, *shape[1:]), trainable=False, aggregation="none"
        )

    def call(self, x):
        self.rows.assign(x)
        return x


# name: (layer of a rate and a seed, axes between batch and features)
RANDOM_LAYERS = {
    "MCDropout": (ktk.layers.MCDropout, 0),
    "MCAlphaDropout": (ktk.layers.MCAlphaDropout, 0),
    "MCGaussianDropout": (ktk.layers.MCGaussianDropout, 0),
    "MCSpatialDropout1D": (ktk.layers.MCSpatialDropout1D, 1),
    "MCSpatialDropout2D": (ktk.layers.MCSpatialDropout2D, 2),
    "MCSpatialDropout3D": (ktk.layers.MCSpatialDropout3D, 3),
    "RReLU": (lambda rate, seed: ktk.layers.RReLU(seed=seed), 0),
    "Keras's Dropout": (keras.layers.Dropout, 0),
}


def random_branches():
    """Returns the input, the layers' outputs, and what remembers them."""
    inputs = keras.Input((64,))
    drawn, seen = {}, {}
    for name, (make, axes) in RANDOM_LAYERS.items():
        shaped = keras.layers.Reshape((1,) * axes + (64,))(inputs)
        drawn[name] = make(0.5, seed=1)(shaped)
        seen[name] = Seen()
    return inputs, drawn, seen


def noise():
    """Returns what each replica draws in `fit` and `predict`, and its seeds.

    All rows are equal, so that only random numbers tell them apart.
    """
    with STRATEGY.scope():
        inputs, drawn, seen = random_branches()
        ends = [keras.layers.Flatten()(seen[n](x)) for n, x in drawn.items()]
        head = keras.layers.Dense(1)(keras.layers.Add()(ends))
        model = keras.Model(inputs, head)
        model.compile("sgd", "mse")
        predictor = keras.Model(inputs, drawn)
        predictor.compile()
    rows = -np.ones((8, 64), "float32")
    model.fit(rows, rows[:, :1], batch_size=8, verbose=0)
    predicted = predictor.predict(rows, batch_size=8, verbose=0)
    generators = [
        layer.seed_generator
        for layer in model.layers
        if hasattr(layer, "seed_generator")
    ]
    return {
        "fit": {n: flat(on_each(s.rows.value)) for n, s in seen.items()},
        "predict": {n: flat(np.split(y, 2)) for n, y in predicted.items()},
        "seeds": [
            [state.tolist() for state in on_each(generator.state.value)]
            for generator in generators
        ],
    }


def flat(arrays):
    return [array.ravel().tolist() for array in arrays]


def samples(make_model):
    """Returns the samples of one device and of two replicas."""
    alone = counted_samples.predicted(make_model(), 16)
    with STRATEGY.scope():
        model = make_model()
    return {
        "alone": alone,
        "mirrored": counted_samples.predicted(model, 16),
    }


def accumulating():
    return scenarios.sgd(gradient_accumulation_steps=2)


def scaled_accumulating():
    return keras.optimizers.LossScaleOptimizer(accumulating())


def doctor():
    """Returns what a doctor could not look at, and how far the probes went."""
    with STRATEGY.scope():
        model = scenarios.mlp(batch_norm=True)
        model.compile(scenarios.sgd(), "mse")
    callback = ktk.callbacks.TrainingDoctor(verbose=0)
    scenarios.fit(model, [callback], epochs=1)
    probes = callback._examination.training.probes
    return {
        "problems": callback._examination.problems,
        "probes": len(probes),
        "layers": sorted(probes[-1].gradients.layers),
    }


INSTRUMENTS = {
    "MagnitudePruning": ktk.callbacks.MagnitudePruning,
    "GradientMonitor": ktk.callbacks.GradientMonitor,
    "NonFiniteGuard": ktk.callbacks.NonFiniteGuard,
}
# Plain Keras comes last: its own failures may break the collectives.
OWNERS = {
    "FineTuning": scenarios.fine_tuning,
    "HyperparameterSchedule": scenarios.schedule,
    "LearningRateFinder": scenarios.finder,
    "RaiseLROnPlateau": scenarios.kicks,
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
    "averaged": scenarios.averaged(
        STRATEGY.scope, lambda variable: on_each(variable.value)
    ),
    "refreshed": scenarios.refreshed(
        STRATEGY.scope, lambda variable: on_each(variable.value)
    ),
    "noise": [noise(), noise()],
    "samples": {
        "repeated": samples(counted_samples.repeated),
        "mapped": samples(counted_samples.mapped),
        "by XLA": samples(counted_samples.by_xla),
    },
    "searches": {name: search(name) for name in scenarios.SEARCHES},
    "doctor": doctor(),
    "instruments": {
        name: refusal(make, scenarios.sgd) for name, make in INSTRUMENTS.items()
    },
    "one device": {
        owner: scenarios.refused(owner, STRATEGY.scope)
        for owner in scenarios.ONE_DEVICE
    },
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
