import keras
import numpy as np
import pytest

from keras_trainkit.diagnostics import check_model
from tests.helpers.checked_updates import findings

pytestmark = pytest.mark.one_backend
SGD, ADAM = keras.optimizers.SGD, keras.optimizers.Adam
DYING = keras.optimizers.schedules.ExponentialDecay(0.01, 1, 0.1)


@pytest.mark.parametrize(
    "topic, optimizer, given",
    [
        ("epochs", ADAM(0.001), {"epochs": 1}),
        ("epochs", SGD(0.01), {"epochs": 5}),
        ("epochs", ADAM(0.001), {"parity": True, "epochs": 100}),
        ("epochs", SGD(0.01), {"parity": True, "epochs": 100}),
        ("learning_rate", ADAM(1e-5), {"epochs": 100}),
        ("learning_rate", SGD(1e-5), {"epochs": 100}),
        ("learning_rate", ADAM(DYING), {"epochs": 100}),
        ("batch_size", ADAM(0.001), {"batch_size": 320, "epochs": 20}),
        ("epochs", keras.optimizers.Adagrad(0.01), {"epochs": 2}),
    ],
)
def test_too_few_updates(topic, optimizer, given):
    (found,) = findings(optimizer, **given)
    assert (found.code, found.topic) == ("O108", topic)


@pytest.mark.parametrize(
    "optimizer, given",
    [
        ("adam", {"epochs": 20}),
        ("adam", {}),
        # Few rows, but a line tells them apart.
        (ADAM(0.001), {"rows": 4, "batch_size": 4, "epochs": 100}),
        # Wide layers get as far with less.
        (ADAM(0.001), {"units": 256, "batch_size": 108, "epochs": 8}),
        (SGD(0.01), {"units": 64, "epochs": 5}),
        ("sgd", {"epochs": 100}),
        (ADAM(0.01), {"parity": True, "epochs": 500}),
        (ADAM(1e-5), {"epochs": 100, "frozen": True}),
        (keras.optimizers.Adagrad(0.01), {"epochs": 50}),
    ],
)
def test_enough_updates(optimizer, given):
    assert findings(optimizer, **given) == ()


def test_as_many_epochs_as_are_told_are_enough():
    (found,) = findings("adam", parity=True, epochs=10)
    again = findings("adam", parity=True, epochs=found.repairs[0].value)
    assert again == ()


@pytest.mark.parametrize("epochs, alarms", [(0, 1), (60, 0)])
def test_a_network_that_was_trained_may_be_tuned_gently(epochs, alarms):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(320, 4))
    y = (x[:, 0] > 0).astype(int)
    hidden = keras.layers.Dense(4, activation="relu")
    head = keras.layers.Dense(1, activation="sigmoid")
    model = keras.Sequential([keras.Input((4,)), hidden, head])
    model.compile(ADAM(0.01), "binary_crossentropy")
    if epochs:
        model.fit(x, y, epochs=epochs, verbose=0)
    model.compile(ADAM(1e-5), "binary_crossentropy")
    given = {"epochs": 3, "select": ["O108"]}
    assert len(check_model(model, x, y, **given).findings) == alarms


@pytest.mark.parametrize(
    "loss, alarms", [("mse", [0, 1]), ("binary_crossentropy", [1, 1])]
)
def test_one_batch_of_values_is_one_call_of_many(loss, alarms):
    some = [
        findings(ADAM(0.001), rows=64, epochs=epochs, loss=loss)
        for epochs in (1, 2)
    ]
    assert [len(one) for one in some] == alarms


def test_the_squared_error_needs_fewer_updates():
    x = np.random.default_rng(0).normal(size=(320, 4))

    def short(loss):
        hidden = keras.layers.Dense(4, activation="relu")
        model = keras.Sequential([hidden, keras.layers.Dense(1)])
        model.compile(SGD(0.005), loss)
        given = {"epochs": 10, "select": ["O108"]}
        return check_model(model, x, x[:, 0], **given).findings

    assert short("mse") == ()
    assert len(short("mae")) == 1


@pytest.mark.parametrize("epochs, alarms", [(100, 1), (2500, 0)])
def test_a_series_is_no_linear_task_for_a_recurrent_layer(epochs, alarms):
    pulses = np.eye(10)[..., None]
    model = keras.Sequential([keras.Input((10, 1)), keras.layers.LSTM(1)])
    model.compile(ADAM(0.001), "mse")
    given = {"epochs": epochs, "select": ["O108"]}
    found = check_model(model, pulses, pulses[:, 0], **given).findings
    assert len(found) == alarms
