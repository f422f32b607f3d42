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


def kicks():
    """Raises the rate in the third epoch, where the loss seems to stand."""
    return ktk.callbacks.RaiseLROnPlateau(
        "loss", factor=5.0, patience=1, min_delta=1e9
    )


def sgd(**kwargs):
    return keras.optimizers.SGD(0.01, momentum=0.9, **kwargs)


def adam(**kwargs):
    return keras.optimizers.Adam(0.01, **kwargs)


def scaled_adam():
    return keras.optimizers.LossScaleOptimizer(adam())


def layerwise():
    inner = keras.optimizers.AdamW(0.01, weight_decay=0.1)
    rates = {"*hidden*": 0.25, "*head/bias": 0.0}
    return ktk.optimizers.LayerwiseLearningRate(inner, rates)


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
    "both with rates of layers": (mlp, layerwise, [one_cycle, fine_tuning]),
    "rates of layers and a loss scale": (
        mlp,
        lambda: keras.optimizers.LossScaleOptimizer(layerwise()),
        [schedule],
    ),
    "both with averaged weights": (
        mlp,
        lambda: adam(use_ema=True),
        [fine_tuning, one_cycle],
    ),
    "RaiseLROnPlateau": (mlp, sgd, [kicks]),
    "RaiseLROnPlateau with OneCycle": (mlp, sgd, [kicks, one_cycle]),
    "constrain": (constrained, sgd, [one_cycle]),
    "frozen batch statistics": (
        lambda: mlp(batch_norm=True),
        sgd,
        [one_cycle, fine_tuning],
    ),
}


def noisy():
    """Batch statistics and random numbers, of each replica's own rows."""
    keras.utils.set_random_seed(1)
    return keras.Sequential(
        [
            keras.Input((FEATURES,)),
            keras.layers.Dense(4, name="hidden"),
            keras.layers.BatchNormalization(),
            ktk.layers.MCDropout(0.5, seed=1),
            keras.layers.Dense(1, name="head"),
        ]
    )


SEARCH = {"min_lr": 1e-3, "max_lr": 0.5, "steps": 9}


def recipe(model):
    x, y = regression_data()
    one_pass = {"max_steps": SEARCH["steps"], "shuffle": False}
    return ktk.tuning.find_learning_rate(
        model, x, y, batch_size=16, **one_pass, **SEARCH
    )


def finder():
    return ktk.callbacks.LearningRateFinder(**SEARCH)


def in_a_fit(model):
    callback = finder()
    fit(model, [callback])
    return callback.result


# name: (model, optimizer, epochs of training before, how it is searched)
SEARCHES = {
    "find_learning_rate on a new model": (mlp, adam, 0, recipe),
    "LearningRateFinder": (mlp, scaled_adam, 1, in_a_fit),
    "random numbers and batch statistics": (noisy, sgd, 1, recipe),
}


def one_copy(variable):
    return [keras.ops.convert_to_numpy(variable.value)]


def searched(
    name,
    copies_of=one_copy,
    scope=contextlib.nullcontext,
    around=contextlib.nullcontext,
):
    """Returns the report on a search, and the model trained after it.

    Args:
        name: Which of `SEARCHES`.
        copies_of: Callable `variable -> list of arrays`: all that any device
            holds of it.
        scope: Makes the context in which the model is made.
        around: Makes the context in which it is searched.
    """
    make_model, make_optimizer, epochs, search = SEARCHES[name]
    with scope():
        model = make_model()
        model.compile(make_optimizer(), "mse", metrics=["mae"])
    if epochs:
        fit(model, [], epochs)
    before = held(model, copies_of)
    with around():
        result = search(model)
    after = held(model, copies_of)
    report = {
        "losses": result.losses.tolist(),
        "copies": min(map(len, after)),
        "not_put_back": max(
            apart(a, b) for a, b in zip(before, after, strict=True)
        ),
        "optimizer_built": model.optimizer.built,
    }
    fit(model, [], epochs=1)
    return report, model


def held(model, copies_of):
    variables = [*model.variables, *model.metrics_variables]
    variables += model.optimizer.variables
    return [copies_of(variable) for variable in variables]


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


def normed(scope):
    keras.utils.set_random_seed(1)
    with scope():
        model = keras.Sequential(
            [
                keras.Input((FEATURES,)),
                keras.layers.BatchNormalization(name="norm"),
                keras.layers.Dense(1),
            ]
        )
        model.compile(sgd(), "mse")
    return model


def inexact(norm, x, copies_of):
    """Returns how far any device's statistics are from those of all rows."""
    exact = [(norm.moving_mean, x.mean(0)), (norm.moving_variance, x.var(0))]
    return max(
        float(np.abs(copy - value).max())
        for variable, value in exact
        for copy in copies_of(variable)
    )


def averaged(scope, copies_of):
    """Averages weights, and returns how exact the statistics are."""
    model, (x, y) = normed(scope), regression_data()
    averaging = ktk.callbacks.StochasticWeightAveraging(x, start=1)
    validation = {"validation_data": (x, y), "callbacks": [averaging]}
    history = model.fit(x, y, epochs=3, verbose=0, **validation).history
    loss = model.evaluate(x, y, verbose=0)
    return {
        "count": averaging.count,
        "loss": [history["val_loss"][-1], loss],
        "statistics": inexact(model.get_layer("norm"), x, copies_of),
        "copies": max(
            float(np.abs(copy - copies_of(weight)[0]).max())
            for weight in model.weights
            for copy in copies_of(weight)
        ),
    }


def refreshed(scope, copies_of):
    """Refreshes statistics, and returns how exact they are, and all else."""
    plain, model, (x, _) = normed(scope), normed(scope), regression_data()
    before = plain.get_weights()
    fit(plain, [])
    fit(model, [ktk.callbacks.RefreshBatchNorm(x)])
    norms = [one.get_layer("norm") for one in (plain, model)]
    trained = [
        [keras.ops.convert_to_numpy(v) for v in one.trainable_variables]
        for one in (plain, model)
    ]
    return {
        "statistics": [inexact(norm, x, copies_of) for norm in norms],
        "apart": apart(*trained),
        "moved": apart(before, plain.get_weights()),
    }


X, Y = regression_data()
# What needs a model of one device.
ONE_DEVICE = {
    "find_batch_size": lambda model: ktk.tuning.find_batch_size(model, X, Y),
    "batch_size_curve": lambda model: ktk.tuning.batch_size_curve(model, X, Y),
    "search_depth": lambda model: ktk.transfer.search_depth(
        model, X, Y, (X, Y), trials=2, seeds=2, epochs=1, verbose=0
    ),
}


def refused(owner, scope):
    """Returns the error of one of these, and how far the weights went."""
    with scope():
        model = mlp()
        model.compile(sgd(), "mse")
    before = model.get_weights()
    try:
        ONE_DEVICE[owner](model)
        kind, message = "none", ""
    except Exception as error:
        kind, message = type(error).__name__, str(error)
    return [kind, message, apart(before, model.get_weights())]


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
    both = single, several
    rates = [model.optimizer.learning_rate for model in both]
    kernels = [layer.kernel for layer in several.layers if layer.name != "bn"]
    return {
        "apart": apart(single.get_weights(), several.get_weights()),
        "moved": moved,
        "copies": min(len(held) for held in copies),
        "copies_apart": max(
            apart([held[0]] * len(held), held) for held in copies
        ),
        "logged": [m.history.history.get("learning_rate", []) for m in both],
        "rates": [keras.ops.convert_to_numpy(rate).item() for rate in rates],
        "norm": max(
            float(np.linalg.norm(keras.ops.convert_to_numpy(k), axis=0).max())
            for k in kernels
        ),
    }
