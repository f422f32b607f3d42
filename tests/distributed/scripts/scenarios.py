"""What is trained on one device and on several, whatever the engine."""

import contextlib

import keras
import numpy as np

import keras_trainkit as ktk
from tests.helpers.models import FEATURES
from tests.helpers.models import regression_data

EPOCHS = 3
MAX_NORM = 0.5


def mlp(batch_norm=False):
    keras.utils.set_random_seed(1)
    middle = [keras.layers.BatchNormalization(name="bn")] if batch_norm else []
    return keras.Sequential(
        [
            keras.Input((FEATURES,)),
            keras.layers.Dense(4, activation="tanh", name="hidden"),
            *middle,
            keras.layers.Dense(1, name="head"),
        ],
        name="net",
    )


def constrained():
    model = mlp()
    ktk.constraints.constrain(model, max_norm=MAX_NORM)
    return model


def one_cycle():
    return ktk.callbacks.OneCycle(0.1)


def schedule():
    return ktk.callbacks.HyperparameterSchedule(
        learning_rate=keras.optimizers.schedules.CosineDecay(0.1, 12),
        momentum=lambda update: 0.5 + 0.03 * update,
        weight_decay=lambda update: 0.5 - 0.03 * update,
    )


def fine_tuning():
    return ktk.callbacks.FineTuning({0: "head", 1: "all"})


def sgd(**kwargs):
    return keras.optimizers.SGD(0.01, momentum=0.9, **kwargs)


def adam(**kwargs):
    return keras.optimizers.Adam(0.01, **kwargs)


def scaled_adam():
    return keras.optimizers.LossScaleOptimizer(adam())


# name: (model, optimizer, makers of callbacks)
SCENARIOS = {
    "OneCycle": (mlp, sgd, [one_cycle]),
    "HyperparameterSchedule": (
        mlp,
        lambda: keras.optimizers.AdamW(0.01, weight_decay=0.1),
        [schedule],
    ),
    "FineTuning": (mlp, sgd, [fine_tuning]),
    "both with a loss scale": (mlp, scaled_adam, [one_cycle, fine_tuning]),
    "both with averaged weights": (
        mlp,
        lambda: adam(use_ema=True),
        [fine_tuning, one_cycle],
    ),
    "constrain": (constrained, sgd, [one_cycle]),
    "frozen batch statistics": (
        lambda: mlp(batch_norm=True),
        sgd,
        [one_cycle, fine_tuning],
    ),
}


def compiled(name, **kwargs):
    make_model, make_optimizer, _ = SCENARIOS[name]
    model = make_model()
    model.compile(make_optimizer(), "mse", **kwargs)
    return model


def fit(model, callbacks, epochs=EPOCHS):
    x, y = regression_data()
    return model.fit(
        x,
        y,
        batch_size=16,
        epochs=epochs,
        shuffle=False,
        verbose=0,
        callbacks=callbacks,
    )


def trained(name, scope=contextlib.nullcontext, **kwargs):
    """Returns the model, and how far its weights went."""
    with scope():
        model = compiled(name, **kwargs)
    before = model.get_weights()
    fit(model, [make() for make in SCENARIOS[name][2]])
    return model, apart(before, model.get_weights())


def apart(a, b):
    """Returns the largest difference between two lists of arrays."""
    return max(float(np.abs(p - q).max()) for p, q in zip(a, b, strict=True))


def compared(single, several, moved, copies_of):
    """Returns the report on a model trained on several devices.

    Args:
        single: The model trained on one device.
        several: The model trained on several.
        moved: How far the weights of `several` went.
        copies_of: Callable `variable -> list of arrays`: the pieces of it
            that must be equal, as each device holds them.
    """
    variables = [*several.variables, *several.optimizer.variables]
    copies = [copies_of(variable) for variable in variables]
    rates = [m.optimizer.learning_rate for m in (single, several)]
    kernels = [layer.kernel for layer in several.layers if layer.name != "bn"]
    return {
        "apart": apart(single.get_weights(), several.get_weights()),
        "moved": moved,
        "copies": min(len(held) for held in copies),
        "copies_apart": max(
            apart([held[0]] * len(held), held) for held in copies
        ),
        "rates": [keras.ops.convert_to_numpy(rate).item() for rate in rates],
        "norm": max(
            float(np.linalg.norm(keras.ops.convert_to_numpy(k), axis=0).max())
            for k in kernels
        ),
    }
