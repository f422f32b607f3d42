"""Loops over models in `DistributedDataParallel`, on each rank.

`report` is called behind the program of docs/distributed.md, in its process
group, with what the program has defined.
"""

import gc
import json
from pathlib import Path

import keras
import numpy as np
import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel

import keras_trainkit as ktk
from tests.distributed.scripts import one_rank
from tests.distributed.scripts import scenarios
from tests.helpers.models import regression_data

BATCH, EPOCHS = 16, 2
X, Y = regression_data(64)
STEPS = len(X) // BATCH
UNUSED = {"find_unused_parameters": True}


def step(network, model, rows):
    """Makes one update from the rows of this rank; returns the loss."""
    x, y = torch.tensor(X[rows]), torch.tensor(Y[rows])
    loss = torch.mean((network(x, training=True) - y) ** 2)
    model.zero_grad()
    loss.backward()
    trained = model.trainable_variables
    with torch.no_grad():
        model.optimizer.apply([v.value.grad for v in trained], trained)
    return loss.detach()


def looped(model, callbacks=(), alone=False, given="wrapper", **options):
    """Trains on this rank's rows of every batch, or on all; returns the model.

    Args:
        model: A compiled `keras.Model`.
        callbacks: List of callbacks.
        alone: Whether this process trains by itself, without a wrapper.
        given: What the callbacks are given, `"wrapper"` or `"model"`.
        **options: Of `DistributedDataParallel`.
    """
    rank, ranks = (0, 1) if alone else (dist.get_rank(), dist.get_world_size())
    network = model if alone else DistributedDataParallel(model, **options)
    listed = keras.callbacks.CallbackList(
        list(callbacks),
        model=network if given == "wrapper" else model,
        epochs=EPOCHS,
        steps=STEPS,
    )
    listed.on_train_begin()
    for epoch in range(EPOCHS):
        listed.on_epoch_begin(epoch)
        losses = [
            step(
                network, model, slice(i * BATCH + rank, (i + 1) * BATCH, ranks)
            )
            for i in range(STEPS)
        ]
        loss = torch.stack(losses).mean()
        if not alone:
            dist.all_reduce(loss)
        listed.on_epoch_end(epoch, {"loss": float(loss) / ranks})
    listed.on_train_end()
    return model


def weights(model):
    return [w.tolist() for w in model.get_weights()]


def compiled(make_optimizer, make_model=scenarios.constrained):
    model = make_model()
    model.compile(make_optimizer(), "mse")
    return model


def scheduled():
    curve = ktk.schedules.OneCycle(0.1, EPOCHS * STEPS)
    return keras.optimizers.SGD(curve, momentum=0.9)


def shampoo():
    # Inverse roots of nearly singular matrices blow the roundings up in which
    # a mean of means differs: with the default of 1e-6 to 4e-4.
    return ktk.optimizers.Shampoo(0.01, epsilon=0.01)


def adamw():
    return keras.optimizers.AdamW(0.01, weight_decay=0.1)


def averaged_sgd():
    return scenarios.sgd(use_ema=True)


# name: (optimizer, callbacks, what they are given)
TRAININGS = {
    "schedule in the optimizer": (scheduled, [], "wrapper"),
    "rates of layers": (scenarios.layerwise, [], "wrapper"),
    "Shampoo": (shampoo, [], "wrapper"),
    "HyperparameterSchedule": (adamw, [scenarios.schedule], "model"),
    "OneCycle, FineTuning": (
        scenarios.scaled_adam,
        [scenarios.one_cycle, scenarios.fine_tuning],
        "model",
    ),
    "FineTuning, averages": (averaged_sgd, [scenarios.fine_tuning], "wrapper"),
}


def training(name, alone):
    make_optimizer, callbacks, given = TRAININGS[name]
    listed = [make() for make in callbacks]
    model = compiled(make_optimizer)
    return weights(looped(model, listed, alone, given, **UNUSED))


def with_random_layers():
    keras.utils.set_random_seed(1)
    return keras.Sequential(
        [
            keras.Input((8,)),
            keras.layers.Dense(4, name="hidden"),
            ktk.layers.RReLU(seed=1),
            ktk.layers.MCDropout(0.5, seed=1),
            keras.layers.Dense(1, name="head"),
        ]
    )


def mask(layer, wrap=DistributedDataParallel, reseed=None):
    """Returns the zeros and ones of a dropout in a wrapped model."""
    ones = keras.layers.Dense(64, kernel_initializer="ones")
    network = wrap(keras.Sequential([keras.Input((8,)), ones, layer]))
    if reseed is not None:
        layer.seed_generator.state.assign([reseed, 0])
    return (network(torch.ones(1, 8), training=True) > 0).tolist()


def masks(rank):
    def ours():
        return ktk.layers.MCDropout(0.5, seed=7)

    def theirs():
        return keras.layers.Dropout(0.5, seed=7)

    return {
        "ours": [mask(ours()), mask(ours())],
        "ours, one process": mask(ours(), wrap=lambda model: model),
        "Keras's": mask(theirs()),
        "Keras's, seeded after": mask(theirs(), reseed=rank),
    }


def normalized():
    keras.utils.set_random_seed(1)
    return keras.Sequential(
        [
            keras.Input((8,)),
            keras.layers.BatchNormalization(),
            keras.layers.Dense(1),
        ]
    )


def statistics(*callbacks):
    model = looped(compiled(scenarios.sgd, normalized), callbacks)
    norm = model.layers[0]
    return {
        "moving": norm.moving_mean.numpy().tolist(),
        "trained": [v.numpy().tolist() for v in model.trainable_variables],
    }


def examined():
    """Returns what the doctor finds, and the weights beside it."""
    doctor = ktk.callbacks.TrainingDoctor(X, Y, verbose=1)
    model = looped(compiled(scenarios.sgd), [doctor])
    report = doctor.report()
    found = [finding.code for finding in report.findings]
    return {"findings": found, "weights": weights(model)}


def pruning():
    return ktk.callbacks.MagnitudePruning(0.5, end=4, frequency=1)


REFUSED = (
    scenarios.finder,
    scenarios.kicks,
    pruning,
    ktk.callbacks.GradientMonitor,
    ktk.callbacks.NonFiniteGuard,
)


def refusal(callback, given, model, **options):
    """Returns the error at the start, and whether all is as it was."""
    network = DistributedDataParallel(model, **options)
    callbacks = keras.callbacks.CallbackList(
        [callback],
        model=network if given == "wrapper" else model,
        epochs=3,
        steps=4,
    )
    before = [w.trainable for w in model.weights], vars(model).keys()
    try:
        callbacks.on_train_begin()
    except (TypeError, ValueError) as error:
        after = [w.trainable for w in model.weights], vars(model).keys()
        return [type(error).__name__, str(error), before == after]
    return ["", "", True]


def frozen_before():
    model = compiled(scenarios.sgd, scenarios.mlp)
    ktk.transfer.freeze(model, "hidden")
    return model


def refusals():
    found = {
        f"{make.__name__}, {given}": refusal(
            make(), given, compiled(scenarios.sgd, scenarios.mlp)
        )
        for make in REFUSED
        for given in ("wrapper", "model")
    }
    for given in ("wrapper", "model"):
        found[f"frozen before, {given}"] = refusal(
            scenarios.fine_tuning(), given, frozen_before(), **UNUSED
        )
        found[f"waits, {given}"] = refusal(
            scenarios.fine_tuning(),
            given,
            compiled(scenarios.sgd, scenarios.mlp),
        )
    found["not compiled"] = refusal(
        scenarios.one_cycle(), "wrapper", scenarios.mlp()
    )
    return found


def fitted_beside_a_wrapper():
    """Returns the sparsity of a plain `fit`, which no wrapper concerns."""
    model = compiled(scenarios.sgd, scenarios.mlp)
    network = DistributedDataParallel(model)
    callback = pruning()
    scenarios.fit(model, [callback], epochs=2)
    return [type(network).__name__, max(callback.sparsities.values())]


def page(program):
    """Returns what the page's program did, and one process in its place."""
    alone = program["make_model"]()
    alone.fit(
        program["x"],
        program["y"],
        batch_size=program["BATCH"],
        epochs=program["EPOCHS"],
        shuffle=False,
        verbose=0,
        callbacks=program["make_callbacks"](),
    )
    return {
        "first": program["first"],
        "weights": weights(program["model"]),
        "alone": weights(alone),
        "norms": [
            float(np.linalg.norm(w, axis=0).max())
            for w in program["model"].get_weights()
            if w.ndim == 2
        ],
    }


def report(program, path):
    """Writes what all ranks have found, as JSON."""
    printed, rank = one_rank.end(), dist.get_rank()
    # What there is by now need not be looked through for wrappers.
    gc.freeze()
    found = {
        "printed": printed,
        "page": page(program),
        "trained": {name: training(name, False) for name in TRAININGS},
        "alone": {name: training(name, True) for name in TRAININGS},
        "random": weights(looped(compiled(scenarios.sgd, with_random_layers))),
        "masks": masks(rank),
        "statistics": {
            "own rows": statistics(),
            "RefreshBatchNorm": statistics(ktk.callbacks.RefreshBatchNorm(X)),
            "StochasticWeightAveraging": statistics(
                ktk.callbacks.StochasticWeightAveraging(X, start=0)
            ),
        },
        "doctor": examined(),
        "undisturbed": weights(looped(compiled(scenarios.sgd))),
        "refused": refusals(),
        "fit": fitted_beside_a_wrapper(),
    }
    reports = [None] * dist.get_world_size()
    dist.all_gather_object(reports, found)
    if rank == 0:
        Path(path).write_text(json.dumps(reports), "utf-8")
    dist.destroy_process_group()
