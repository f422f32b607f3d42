"""A training loop over a model in `DistributedDataParallel`, on each rank."""

import contextlib
import io
import json
import sys

import keras
import numpy as np
import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel

import keras_trainkit as ktk
from tests.distributed.scripts import scenarios
from tests.helpers.models import regression_data

STEPS = 8


def step(network, model, optimizer, x, y):
    loss = torch.mean((network(x) - y) ** 2)
    model.zero_grad()
    loss.backward()
    grads = [v.value.grad for v in model.trainable_weights]
    with torch.no_grad():
        optimizer.apply(grads, model.trainable_weights)


def trained(rank, ranks, model, wrap):
    """Trains on this rank's rows of every batch; returns the weights."""
    schedule = ktk.schedules.OneCycle(0.1, STEPS)
    optimizer = keras.optimizers.SGD(schedule, momentum=0.9)
    x, y = (torch.tensor(a) for a in regression_data(16))
    network = wrap(model)
    for _ in range(STEPS):
        step(network, model, optimizer, x[rank::ranks], y[rank::ranks])
    return [w.tolist() for w in model.get_weights()]


def with_random_layers(rank):
    keras.utils.set_random_seed(1)
    return keras.Sequential(
        [
            keras.Input((8,)),
            keras.layers.Dense(4, name="hidden"),
            ktk.layers.RReLU(seed=rank),
            ktk.layers.MCDropout(0.5, seed=rank),
            keras.layers.Dense(1, name="head"),
        ]
    )


def mask(wrap, seed, reseed=None):
    """Returns the zeros and ones of MC dropout in a wrapped model."""
    layer = ktk.layers.MCDropout(0.5, seed=seed)
    ones = keras.layers.Dense(64, kernel_initializer="ones")
    network = wrap(keras.Sequential([keras.Input((8,)), ones, layer])).eval()
    if reseed is not None:
        layer.seed_generator.state.assign([reseed, 0])
    return (network(torch.ones(1, 8)) > 0).tolist()


def refusal(make_callback, wrap, compiled):
    model = scenarios.mlp()
    if compiled:
        model.compile(scenarios.sgd(), "mse")
    callbacks = keras.callbacks.CallbackList(
        [make_callback()], model=wrap(model), epochs=3, steps=4
    )
    try:
        callbacks.on_train_begin()
    except TypeError as error:
        return str(error)
    return ""


def printed():
    """Returns the lines of a `fit` on this rank alone, with all callbacks."""
    model = scenarios.mlp()
    model.compile(scenarios.sgd(), "mse")
    fine_tuning = ktk.callbacks.FineTuning({0: "head", 1: "all"}, verbose=1)
    lines = io.StringIO()
    with contextlib.redirect_stdout(lines):
        scenarios.fit(model, [scenarios.one_cycle(), fine_tuning])
    return lines.getvalue().splitlines()


def report():
    rank, ranks = dist.get_rank(), dist.get_world_size()
    wrap = DistributedDataParallel
    constrained = trained(rank, ranks, scenarios.constrained(), wrap)
    alone = trained(0, 1, scenarios.constrained(), lambda model: model)
    kernels = [np.array(constrained[0]), np.array(constrained[2])]
    return {
        "constrained": constrained,
        "alone": alone,
        "norms": [float(np.linalg.norm(k, axis=0).max()) for k in kernels],
        "random": trained(rank, ranks, with_random_layers(rank), wrap),
        "masks": {
            "seeded before": [mask(wrap, rank) for _ in range(2)],
            "seeded after": [mask(wrap, 0, rank) for _ in range(2)],
        },
        "refused": {
            make.__name__: [refusal(make, wrap, c) for c in (True, False)]
            for make in (
                scenarios.one_cycle,
                scenarios.schedule,
                scenarios.fine_tuning,
                scenarios.finder,
                scenarios.kicks,
            )
        },
        "printed": printed(),
    }


dist.init_process_group("gloo")
reports = [None] * dist.get_world_size()
dist.all_gather_object(reports, report())
if dist.get_rank() == 0:
    with open(sys.argv[1], "w", encoding="utf-8") as out:
        json.dump(reports, out)
dist.destroy_process_group()
