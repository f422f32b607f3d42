import keras
import numpy as np
import pytest

from keras_trainkit.diagnostics import check_model

pytestmark = pytest.mark.one_backend
LAYERS, OPTIMIZERS = keras.layers, keras.optimizers
SGD, ADAM = OPTIMIZERS.SGD, OPTIMIZERS.Adam
DECAY = OPTIMIZERS.schedules.ExponentialDecay
SUM = keras.losses.MeanSquaredError(reduction="sum")
X = np.random.default_rng(0).normal(size=(60, 4))


def stack(*layers, shape=(4,), optimizer="adam", loss="mse"):
    model = keras.Sequential([keras.Input(shape), *layers])
    model.compile(optimizer, loss)
    return model


def two_layers(optimizer, loss="mse"):
    return stack(
        LAYERS.Dense(4), LAYERS.Dense(1), optimizer=optimizer, loss=loss
    )


def codes(model, *args, **kwargs):
    report = check_model(model, *args, select=["O10", "O111"], **kwargs)
    return [one.code for one in report.findings]


@pytest.mark.parametrize(
    "found, make",
    [
        (["O104"], lambda: [LAYERS.LSTM(3), LAYERS.Dense(1)]),
        ([], lambda: [LAYERS.Flatten(), LAYERS.Dense(1)]),
        (["O104"], lambda: [LAYERS.Dense(3) for _ in range(8)]),
        ([], lambda: [LAYERS.Dense(3, activation="selu") for _ in range(9)]),
        (
            [],
            lambda: [
                layer
                for _ in range(8)
                for layer in (LAYERS.Dense(3), LAYERS.BatchNormalization())
            ],
        ),
    ],
)
def test_plain_sgd(found, make):
    assert codes(stack(*make(), shape=(6, 2), optimizer="sgd")) == found
    momentum = SGD(0.01, momentum=0.9)
    assert codes(stack(*make(), shape=(6, 2), optimizer=momentum)) == []


@pytest.mark.parametrize(
    "found, steps, optimizer",
    [
        (["O103"], 300, lambda: "adam"),
        ([], 300, lambda: ADAM(0.001, clipnorm=1.0)),
        ([], 20, lambda: "adam"),
    ],
)
def test_clipping_of_recurrent_networks(found, steps, optimizer):
    model = stack(
        LAYERS.GRU(2), LAYERS.Dense(1), shape=(steps, 1), optimizer=optimizer()
    )
    assert codes(model) == found


def test_what_is_frozen():
    model = two_layers("adam")
    model.optimizer.build(model.trainable_variables)
    assert codes(model) == []
    model.layers[0].trainable = False
    assert codes(model) == ["O106"]
    model.trainable = False
    assert codes(model) == ["O105"]
    model.compile("adam", "mse")
    assert codes(model) == ["O105"]
