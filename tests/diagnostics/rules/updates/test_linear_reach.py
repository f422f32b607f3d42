import keras
import numpy as np
import pytest

from keras_trainkit.diagnostics import check_model

pytestmark = pytest.mark.one_backend
X = np.arange(1.0, 11.0).reshape(10, 1)
ADAM = keras.optimizers.Adam


def model_of(optimizer=None, loss="mse", layers=(), units=1):
    last = keras.layers.Dense(units, kernel_initializer="zeros")
    model = keras.Sequential([keras.Input((1,)), *layers, last])
    model.compile(optimizer or ADAM(0.005), loss)
    return model


def findings(model, y, epochs=100, x=X):
    return check_model(
        model, x, y, batch_size=10, epochs=epochs, select=["O113"]
    ).findings


def test_what_is_told_is_as_bad_as_told_when_trained():
    keras.utils.set_random_seed(0)
    model, y = model_of(), 10 * X
    (found,) = findings(model, y)
    assert (found.severity, found.topic) == ("warning", "epochs")
    history = model.fit(X, y, epochs=100, batch_size=10, verbose=0)
    assert history.history["loss"][-1] > np.var(y)


def test_as_many_epochs_as_are_told_are_enough():
    model, y = model_of(), 10 * X
    (found,) = findings(model, y)
    assert findings(model, y, epochs=found.repairs[0].value) == ()


def test_weights_that_are_there_already_need_no_steps():
    model = model_of()
    model.layers[-1].set_weights([np.full((1, 1), 10.0), np.zeros(1)])
    assert findings(model, 10 * X) == ()


def test_inputs_as_a_layer_in_front_makes_them_count():
    behind = [keras.layers.Rescaling(100.0)]
    assert findings(model_of(layers=behind), 10 * X) == ()


@pytest.mark.parametrize(
    "model, y",
    [
        (model_of(ADAM(0.5)), 10 * X),
        (model_of("sgd"), 10 * X),
        (model_of(), X),
        (model_of(loss="mean_absolute_percentage_error"), 10 * X),
        (model_of(layers=[keras.layers.Dense(4)]), 10 * X),
        (model_of(units=2), 10 * np.repeat(X, 2, 1)),
        (model_of(), np.full((10, 1), 50.0)),
        (model_of(), np.where(X < 2, np.nan, 10 * X)),
    ],
    ids=["rate", "sgd", "near", "loss", "deep", "wide", "constant", "nan"],
)
def test_nothing_is_told_of_others(model, y):
    assert findings(model, y) == ()
