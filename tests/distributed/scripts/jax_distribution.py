"""Eight host devices under `DataParallel` and `ModelParallel`."""

import contextlib
import json
import sys

import keras
import numpy as np

import keras_trainkit as ktk
from tests.distributed.scripts import counted_samples
from tests.distributed.scripts import scenarios

DEVICES = keras.distribution.list_devices()


def model_parallel():
    mesh = keras.distribution.DeviceMesh((4, 2), ["batch", "model"], DEVICES)
    layouts = keras.distribution.LayoutMap(mesh)
    layouts[".*hidden/kernel"] = (None, "model")
    layouts[".*hidden/bias"] = ("model",)
    layouts[".*head/kernel"] = ("model", None)
    return keras.distribution.ModelParallel(
        layout_map=layouts, batch_dim_name="batch"
    )


ENGINES = {
    "DataParallel": keras.distribution.DataParallel(devices=DEVICES),
    "ModelParallel": model_parallel(),
}


def copies_of(variable):
    """Returns the copies of the variable's first piece."""
    shards = variable.value.addressable_shards
    first = [s for s in shards if s.index == shards[0].index]
    return [np.array(shard.data) for shard in first]


def reports(name, **kwargs):
    keras.distribution.set_distribution(None)
    single, _ = scenarios.trained(name, **kwargs)
    found = {}
    for engine, distribution in ENGINES.items():
        keras.distribution.set_distribution(distribution)
        several, moved = scenarios.trained(name, **kwargs)
        report = scenarios.compared(single, several, moved, copies_of)
        kernel = several.get_layer("hidden").kernel.value
        report["shard"] = list(kernel.addressable_shards[0].data.shape)
        found[engine] = report
    return found


def shards_of(variable):
    """Returns what each device holds of the variable."""
    return [np.array(s.data) for s in variable.value.addressable_shards]


def searches(name):
    keras.distribution.set_distribution(None)
    one, single = scenarios.searched(name)
    found = {}
    for engine, distribution in ENGINES.items():
        keras.distribution.set_distribution(distribution)
        report, several = scenarios.searched(name, shards_of)
        weights = [model.get_weights() for model in (single, several)]
        apart = scenarios.apart(*weights)
        found[engine] = {**report, "alone": one, "apart": apart}
    return found


def masks(engine):
    """Returns two equal runs of MC dropout over equal rows, zeros and ones."""
    keras.distribution.set_distribution(ENGINES[engine])
    model = keras.Sequential(
        [keras.Input((64,)), ktk.layers.MCDropout(0.5, seed=1)]
    )
    model.compile()
    rows = np.ones((8, 64), "float32")
    return (model.predict(rows, batch_size=8, verbose=0) > 0).tolist()


def of_engine(engine, scenario):
    keras.distribution.set_distribution(ENGINES[engine])
    return scenario(contextlib.nullcontext, shards_of)


# The networks of `search_depth` are spread like any other.
SPLITS_NO_BATCH = ("find_batch_size", "batch_size_curve")


def refused(engine, owner):
    keras.distribution.set_distribution(ENGINES[engine])
    return scenarios.refused(owner, contextlib.nullcontext)


def samples(make_model):
    """Returns the samples of one device and of each engine."""
    keras.distribution.set_distribution(None)
    found = {"alone": counted_samples.predicted(make_model(), 32)}
    for engine, distribution in ENGINES.items():
        keras.distribution.set_distribution(distribution)
        found[engine] = counted_samples.predicted(make_model(), 32)
    return found


scenarios.SCENARIOS["gradient accumulation"] = (
    scenarios.mlp,
    lambda: scenarios.sgd(gradient_accumulation_steps=2),
    [scenarios.one_cycle, scenarios.fine_tuning],
)

FOUND = {
    "scenarios": {
        **{name: reports(name) for name in scenarios.SCENARIOS},
        "steps_per_execution": reports("OneCycle", steps_per_execution=4),
    },
    "searches": {name: searches(name) for name in scenarios.SEARCHES},
    "averaged": {e: of_engine(e, scenarios.averaged) for e in ENGINES},
    "refreshed": {e: of_engine(e, scenarios.refreshed) for e in ENGINES},
    "one device": {
        engine: {owner: refused(engine, owner) for owner in SPLITS_NO_BATCH}
        for engine in ENGINES
    },
    "samples": {
        "repeated": samples(counted_samples.repeated),
        "mapped": samples(counted_samples.mapped),
    },
    "masks": {engine: [masks(engine), masks(engine)] for engine in ENGINES},
}

with open(sys.argv[1], "w", encoding="utf-8") as out:
    json.dump(FOUND, out)
