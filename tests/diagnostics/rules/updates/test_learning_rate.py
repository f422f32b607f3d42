import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from keras_trainkit.diagnostics import check_model

pytestmark = pytest.mark.one_backend
LAYERS, OPTIMIZERS = keras.layers, keras.optimizers
SGD, ADAM = OPTIMIZERS.SGD, OPTIMIZERS.Adam
SHAMPOO = ktk.optimizers.Shampoo
DECAY = OPTIMIZERS.schedules.ExponentialDecay
SUM = keras.losses.MeanSquaredError(reduction="sum")
X = np.random.default_rng(0).normal(size=(60, 4))


def stack(*layers, shape=(4,), optimizer="adam", loss="mse"):
    model = keras.Sequential([keras.Input(shape), *layers])
    model.compile(optimizer, loss)
    return model


def deep(hidden):
    layers = [LAYERS.Dense(16, "relu") for _ in range(hidden)]
    return stack(*layers, LAYERS.Dense(1), optimizer=ADAM(0.05))


@pytest.mark.parametrize("hidden, found", [(3, []), (4, ["O101"])])
def test_few_layers_bear_higher_rates(hidden, found):
    assert codes(deep(hidden)) == found


@pytest.mark.parametrize(
    "units, rate, loss, found",
    [
        (10, 20.0, "mse", []),
        (10, 40.0, "mse", ["O101"]),
        (1, 2.5, "mse", []),
        (1, 2.5, "binary_crossentropy", ["O101"]),
        (10, 2.5, SUM, ["O101"]),
    ],
)
def test_squared_errors_of_sigmoids_bear_higher_rates(units, rate, loss, found):
    layers = [LAYERS.Dense(4, "tanh"), LAYERS.Dense(units, "sigmoid")]
    model = stack(*layers, optimizer=SGD(rate), loss=loss)
    assert codes(model) == found


def two_layers(optimizer, loss="mse"):
    return stack(
        LAYERS.Dense(4), LAYERS.Dense(1), optimizer=optimizer, loss=loss
    )


def codes(model, *args, **kwargs):
    report = check_model(model, *args, select=["O10", "O111"], **kwargs)
    return [one.code for one in report.findings]


@pytest.mark.parametrize(
    "found, optimizer, loss",
    [
        ([], lambda: "adam", "mse"),
        ([], lambda: "sgd", "mse"),
        ([], lambda: "rmsprop", "mse"),
        ([], lambda: ADAM(0.01), "mse"),
        ([], lambda: ADAM(1e-5), "mse"),
        ([], lambda: SGD(0.1, momentum=0.9), "mse"),
        ([], lambda: SGD(DECAY(1e-9, 10, 2.0)), "mse"),
        ([], lambda: SGD(0.001), SUM),
        (["O101"], lambda: ADAM(0.1), "mse"),
        (["O101"], lambda: ADAM(1e-7), "mse"),
        (["O101"], lambda: SGD(5.0), "mse"),
        (["O101"], lambda: SGD(0.5, momentum=0.9), "mse"),
        (["O101"], lambda: SGD(0.1), SUM),
        (["O101"], lambda: "adadelta", "mse"),
        (["O101"], lambda: ADAM(DECAY(1.0, 10, 0.9)), "mse"),
        (["O102"], lambda: SGD(1e-4, momentum=0.995), "mse"),
        (["O102"], lambda: ADAM(0.001, beta_1=0.999), "mse"),
        (["O111"], lambda: SGD(0.01, clipvalue=1e-5), "mse"),
        ([], lambda: SHAMPOO(0.01), "mse"),
        (["O101"], lambda: SHAMPOO(0.5), "mse"),
        ([], lambda: SHAMPOO(0.5, grafting="sgd"), "mse"),
    ],
)
def test_rates_and_momentum(found, optimizer, loss):
    assert codes(two_layers(optimizer(), loss)) == found


def test_an_optimizer_of_ours_is_written_as_such():
    report = check_model(two_layers(SHAMPOO(0.5)), select=["O101"])
    assert (
        "ktk.optimizers.Shampoo(learning_rate=0.001)" in report.findings[0].fix
    )


def test_few_rows_and_one_layer_forgive_high_rates():
    assert codes(two_layers(ADAM(0.1)), X[:4], X[:4, 0]) == []
    assert codes(stack(LAYERS.Dense(1), optimizer=ADAM(0.1))) == []


@pytest.mark.parametrize("size", [1, 10, 100])
@pytest.mark.parametrize("side", [0.8, 1.25])
def test_the_largest_rate_of_a_linear_layer(size, side):
    """Gradient descent, replayed: told to diverge where it does."""
    rng = np.random.default_rng(size)
    x, y = size * rng.normal(size=(50, 2)), rng.normal(size=50)
    wide = np.c_[x, np.ones(50)]
    rate = side * 2 / (2 * np.linalg.eigvalsh(wide.T @ wide / 50).max())
    weights = np.zeros(3)
    for _ in range(200):
        weights -= rate * 2 * wide.T @ (wide @ weights - y) / 50
    diverges = np.abs(wide @ weights).max() > 1e3
    model = stack(LAYERS.Dense(1), shape=(2,), optimizer=SGD(rate))
    found = "O107" in codes(model, x, y)
    assert found == bool(diverges) == (side > 1)


@pytest.mark.parametrize(
    "found, layers, optimizer",
    [
        (["O101"], 9, lambda: SGD(0.1, momentum=0.9)),
        ([], 9, lambda: SGD(0.01, momentum=0.9)),
        ([], 4, lambda: SGD(0.1, momentum=0.9)),
        (["O101"], 9, lambda: ADAM(0.02)),
        (["O101"], 13, lambda: ADAM(0.01)),
        ([], 9, lambda: ADAM(0.01)),
        ([], 4, lambda: ADAM(0.02)),
        ([], 13, lambda: ADAM(0.003)),
    ],
)
def test_deep_plain_stacks_bear_less(found, layers, optimizer):
    hidden = [LAYERS.Dense(4, activation="relu") for _ in range(layers)]
    assert codes(stack(*hidden, optimizer=optimizer())) == found
