"""The README's table of what obvious recipes silently do in plain Keras.

Where a row fails, Keras has changed: then mend the table, and what leans on it.
"""

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from tests.helpers.arrays import to_numpy
from tests.helpers.examples import ROOT
from tests.helpers.models import FEATURES
from tests.helpers.models import mlp
from tests.helpers.models import regression_data

COLUMN = {"tensorflow": 1, "jax": 2, "torch": 3}[keras.backend.backend()]
X, Y = regression_data()


def said(recipe):
    """Returns what the table says of a recipe on this backend, and of ours."""
    (row,) = (
        [cell.strip() for cell in line.strip().strip("|").split("|")]
        for line in (ROOT / "README.md").read_text("utf-8").splitlines()
        if line.startswith("|") and recipe in line
    )
    column = 1 if row[COLUMN] == "same" else COLUMN
    return row[column], row[4]


def weights_after(model, change, callbacks=(), epochs=2):
    """Returns the weights after a `fit` that `change` was called in."""
    later = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: epoch and change(model)
    )
    options = {"epochs": epochs, "batch_size": 16, "shuffle": False}
    model.fit(X, Y, verbose=0, callbacks=[later, *callbacks], **options)
    return [to_numpy(weight) for weight in model.weights]


def differ(one, other):
    pairs = zip(one, other, strict=True)
    return any(not np.array_equal(a, b) for a, b in pairs)


def test_a_momentum_that_a_callback_changes():
    def trained(momentum):
        model = mlp()
        model.compile(keras.optimizers.SGD(0.01, momentum=0.9), "mse")

        def change(model):
            model.optimizer.momentum = momentum

        return weights_after(model, change)

    found = "works" if differ(trained(0.9), trained(0.1)) else "ignored"
    assert found == said("change `optimizer.momentum` in a callback")[0]


def test_a_layer_that_is_unfrozen_inside_fit():
    model = mlp()
    hidden = model.get_layer("hidden")
    hidden.trainable = False
    model.compile(keras.optimizers.SGD(0.01, momentum=0.9), "mse")
    before = hidden.get_weights()

    def change(model):
        hidden.trainable = True

    try:
        weights_after(model, change)
        found = "works" if differ(before, hidden.get_weights()) else "ignored"
    except ValueError:
        found = "error"
    assert found == said("unfreeze a layer inside `fit`")[0]


def test_calls_for_training_move_the_statistics():
    model = keras.Sequential(
        [
            keras.Input((FEATURES,)),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.5),
        ]
    )
    norm = model.layers[0]
    told, ours = said("`model(x, training=True)` for MC dropout")
    assert ours.endswith("moves nothing")
    ktk.uncertainty.mc_predict(model, X, samples=50)
    np.testing.assert_array_equal(to_numpy(norm.moving_mean), 0)
    for _ in range(50):
        model(X, training=True)
    share = to_numpy(norm.moving_mean) / X.mean(axis=0)
    np.testing.assert_allclose(share, 1 - 0.99**50, rtol=1e-4)
    assert f"{share.mean():.0%}".replace("%", " %") in told


@pytest.mark.parametrize("whose", ["Keras's", "ours"])
def test_max_norm_of_a_filter(whose):
    layer = keras.layers.Conv2D(4, 3, kernel_initializer="ones")
    model = keras.Sequential([keras.Input((3, 3, 2)), layer])
    constraint = keras.constraints.MaxNorm(1)
    if whose == "ours":
        ktk.constraints.constrain(model, max_norm=1.0)
        constraint = layer.kernel.constraint
    bounded = to_numpy(constraint(layer.kernel))
    norms = np.sqrt((bounded**2).sum(axis=(0, 1, 2)))
    plain, here = said("`MaxNorm(1)` on a 3x3x2 filter of ones")
    told = here if whose == "ours" else plain
    np.testing.assert_allclose(norms, float(told.split()[-1]), atol=0.005)
