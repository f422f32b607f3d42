"""Losses of single batches against NumPy, and the privates leaned on."""

import keras
import numpy as np
import pytest

from keras_trainkit.backend.training import batch_loss
from keras_trainkit.backend.training.train_function import rebuild
from tests.helpers import replay
from tests.helpers.models import linear_model
from tests.helpers.models import regression_data

X, Y = regression_data(40)


class Logged(keras.callbacks.Callback):
    """Keeps the loss in the logs, and the optimizer's count, of each batch."""

    def __init__(self):
        super().__init__()
        self.losses, self.counts = [], []

    def set_model(self, model):
        super().set_model(model)
        self.own = model

    def on_train_batch_end(self, batch, logs=None):
        self.losses.append(logs["loss"])
        self.counts.append(batch_loss.batches_counted(self.own))


def compiled(optimizer="sgd", **options):
    model = linear_model()
    model.compile(optimizer, "mse", **options)
    return model


def fit(model, **options):
    logged = Logged()
    model.fit(
        X,
        Y,
        batch_size=16,
        shuffle=False,
        verbose=0,
        callbacks=[logged],
        **options,
    )
    return logged


@pytest.mark.parametrize("metrics", [[], ["mae"]], ids=["loss", "metrics"])
@pytest.mark.parametrize("eager", [False, True], ids=["default", "eager"])
def test_the_logs_hold_the_loss_of_each_batch(eager, metrics):
    model = compiled(
        keras.optimizers.SGD(0.1), run_eagerly=eager, metrics=metrics
    )
    hand = replay.LinearReplay(model.get_weights(), replay.sgd)
    batch_loss.log_each_batch(model, lambda: None)
    logged = fit(model, epochs=2)
    expected = []
    for x, y in replay.batches(X, Y, 16, epochs=2):
        w, b = hand.weights
        expected.append(np.mean((x @ w + b - y) ** 2))
        hand.step(x, y, learning_rate=0.1)
    np.testing.assert_allclose(logged.losses, expected, rtol=1e-5)


def test_a_huge_loss_is_forgotten_by_the_next_batch():
    model = compiled(keras.optimizers.SGD(0.0))
    batch_loss.log_each_batch(model, lambda: None)
    y = Y.copy()
    y[:16] = 1e15
    logged = Logged()
    model.fit(X, y, batch_size=16, shuffle=False, verbose=0, callbacks=[logged])
    error = model.predict(X[16:32], verbose=0) - Y[16:32]
    np.testing.assert_allclose(logged.losses[1], np.mean(error**2), rtol=1e-5)


def test_removing_the_step_gives_running_means_again():
    model = compiled(keras.optimizers.SGD(0.0))
    batch_loss.log_each_batch(model, lambda: None)
    own = fit(model).losses
    del model.__dict__["train_step"]
    rebuild(model)
    means = np.cumsum(np.multiply(own, [16, 16, 8])) / [16, 32, 40]
    np.testing.assert_allclose(fit(model).losses, means, rtol=1e-5)


def test_the_count_is_the_optimizers_own_at_every_batch():
    model = compiled("adam")
    assert fit(model, epochs=2).counts == [1, 2, 3, 4, 5, 6]
    assert batch_loss.batches_counted(model) == 6


def test_an_unbuilt_model_is_built_before_its_first_step():
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    built = []
    batch_loss.log_each_batch(
        model, lambda: built.append([np.array(w) for w in model.get_weights()])
    )
    fit(model)
    tensorflow = keras.backend.backend() == "tensorflow"
    assert len(built) == tensorflow
    for kernel, bias in built:
        assert np.abs(kernel).min() > 0 and bias.tolist() == [0.0]


class Own(keras.Sequential):
    """Its train step is its own, and may read its metrics."""

    def train_step(self, *args):
        return super().train_step(*args)


def test_no_metric_of_compile_is_left_and_the_loss_is_the_last_batchs():
    model = compiled(keras.optimizers.SGD(0.0), metrics=["mae"])
    kept = model._compile_metrics, model._loss_tracker
    with pytest.raises(RuntimeError), batch_loss.losses_alone(model):
        logs = model.train_on_batch(X, Y, return_dict=True)
        raise RuntimeError
    assert list(logs) == ["loss"]
    error = model.predict(X, verbose=0) - Y
    np.testing.assert_allclose(logs["loss"], np.mean(error**2), rtol=1e-5)
    assert (model._compile_metrics, model._loss_tracker) == kept
    assert model.metrics_names == ["loss", "compile_metrics"]


def test_a_model_with_a_train_step_of_its_own_keeps_its_metrics():
    model = Own(linear_model().layers)
    model.compile("sgd", "mse", metrics=["mae"])
    with batch_loss.losses_alone(model):
        logs = model.train_on_batch(X, Y, return_dict=True)
    assert set(logs) == {"loss", "mae"}


def test_what_one_batch_alone_sets_aside_comes_back():
    model = compiled()
    model._initial_epoch = 7
    before = dict(model.__dict__)
    with pytest.raises(RuntimeError), batch_loss.each_batch_alone(model):
        assert fit(model).counts == [1, 2, 3]
        raise RuntimeError
    kept = ("steps_per_execution", "_initial_epoch", "train_function")
    assert [model.__dict__[k] for k in kept] == [before[k] for k in kept]
    assert "history" not in model.__dict__
    fit(model, epochs=8)
    history = model.history
    with batch_loss.each_batch_alone(model):
        model._initial_epoch = None
        fit(model)
    assert model.history is history


@pytest.mark.parametrize(
    "name",
    [
        "_symbolic_build",
        "_flatten_layers",
        "_initial_epoch",
        "_compile_metrics",
        "_loss_tracker",
    ],
)
def test_keras_still_has_the_private(name):
    assert hasattr(compiled(), name)
