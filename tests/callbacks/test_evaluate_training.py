"""The training set's own loss, against NumPy and `evaluate`."""

import random
from functools import partial

import keras
import numpy as np
import pytest

from keras_trainkit.callbacks.evaluate_training import EvaluateTraining
from keras_trainkit.scheduling.snapshot import TrainingSnapshot
from tests.helpers.arrays import to_numpy

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 4)).astype("float32")
Y = RNG.integers(0, 3, 40)
T = RNG.normal(size=(40, 2)).astype("float32")


def network(regularized=True):
    keras.utils.set_random_seed(1)
    penalty = keras.regularizers.L2(0.1) if regularized else None
    model = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(
                8,
                "relu",
                kernel_regularizer=penalty,
                activity_regularizer=penalty,
            ),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(3, "softmax"),
        ]
    )
    model.compile(
        keras.optimizers.Adam(0.01),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def fit(model, *callbacks, epochs=2, **kwargs):
    settings = {"batch_size": 8, "verbose": 0, "callbacks": list(callbacks)}
    return model.fit(X, Y, epochs=epochs, **settings, **kwargs).history


@pytest.fixture(scope="module")
def models():
    """Compiled once; where they stand after a test does not matter."""
    return {True: network(True), False: network(False)}


def cross_entropy(model, rows=slice(None)):
    p = model.predict(X[rows], verbose=0).astype("float64")
    labels = Y[rows]
    loss = -np.log(p[np.arange(len(p)), labels]).mean()
    return loss, np.mean(p.argmax(axis=1) == labels)


@pytest.mark.parametrize("regularized", [True, False])
def test_loss_and_metric_are_numpy_s(models, regularized):
    model = models[regularized]
    history = fit(model, EvaluateTraining(X, Y), validation_data=(X, Y))
    loss, accuracy = cross_entropy(model)
    assert history["clean_loss"][-1] == pytest.approx(loss, rel=1e-5)
    assert history["clean_accuracy"][-1] == pytest.approx(accuracy)
    # Keras's evaluation of the same data has the penalties in it.
    same = history["val_loss"][-1] == pytest.approx(loss, rel=1e-5)
    assert same != regularized
    assert model.losses or not regularized


def test_training_goes_on_as_without_it(models):
    model = models[True]
    before = TrainingSnapshot(model)

    def after(*callbacks):
        before.restore()
        history = fit(model, *callbacks)
        draws = [random.random(), np.random.random()]
        draws.append(to_numpy(keras.random.uniform((2,))))
        weights = [to_numpy(v.value) for v in model.variables]
        return draws, weights, history["loss"], history["accuracy"]

    expected = after()
    np.testing.assert_equal(after(EvaluateTraining(X, Y)), expected)


def test_a_sample_is_drawn_and_every_second_epoch_evaluated(models):
    model = models[False]
    clean = EvaluateTraining(X, Y, sample_size=12, seed=3, every=2)
    history = fit(model, clean, epochs=4)
    measured = np.isfinite(history["clean_loss"])
    assert measured.tolist() == [True, False, True, True]
    rows = np.sort(np.random.default_rng(3).permutation(40)[:12])
    loss, _ = cross_entropy(model, rows)
    assert history["clean_loss"][-1] == pytest.approx(loss, rel=1e-5)


def test_several_outputs_and_what_trains_may_change():
    inputs = keras.Input((4,), name="x")
    hidden = keras.layers.Dense(2, kernel_regularizer="l2", name="h")(inputs)
    outputs = {"a": hidden, "b": keras.layers.Dense(2, name="b")(hidden)}
    model = keras.Model({"x": inputs}, outputs)
    model.compile(
        "sgd", {"a": "mse", "b": "mae"}, metrics={"a": ["mae"], "b": []}
    )
    y = {"a": T, "b": 2 * T}
    weights = np.linspace(0, 1, 40)
    clean = EvaluateTraining({"x": X}, y, sample_weight=weights)
    settings = {"batch_size": 8, "verbose": 0, "callbacks": [clean]}
    history = model.fit({"x": X}, y, **settings).history
    found = model.predict({"x": X}, verbose=0)
    squared = ((found["a"] - T) ** 2).mean(axis=1)
    absolute = np.abs(found["b"] - 2 * T).mean(axis=1)
    expected = (weights * (squared + absolute)).mean()
    assert history["clean_loss"][0] == pytest.approx(expected, rel=1e-5)
    mae = np.abs(found["a"] - T).mean()
    assert history["clean_a_mae"][0] == pytest.approx(mae, rel=1e-5)


def test_what_trains_may_change_between_runs(models):
    model, clean = models[True], EvaluateTraining(X, Y)
    model.layers[0].trainable = False
    model.compile("sgd", "sparse_categorical_crossentropy")
    history = fit(model, clean, epochs=1)
    loss, _ = cross_entropy(model)
    assert history["clean_loss"][-1] == pytest.approx(loss, rel=1e-5)


def test_regularizers_come_back_after_an_error(models):
    model = models[True]
    clean = EvaluateTraining(X[:, :3], Y)
    with pytest.raises(ValueError, match="3"):
        fit(model, clean, epochs=1)
    assert model.layers[0].kernel.regularizer is not None
    assert model.layers[0].activity_regularizer is not None


BAD = {
    "rows": (partial(EvaluateTraining, X, Y[:5]), ValueError, "same number"),
    "a list": (partial(EvaluateTraining, [[1.0]], Y), TypeError, "Collect"),
    "nothing": (partial(EvaluateTraining, None), TypeError, "`x` must be"),
    "size": (
        partial(EvaluateTraining, X, Y, sample_size=41),
        ValueError,
        "from 1 to 40",
    ),
    "every": (partial(EvaluateTraining, X, Y, every=0), ValueError, "every"),
    "prefix": (partial(EvaluateTraining, X, Y, prefix=""), TypeError, "pref"),
}


@pytest.mark.parametrize("make, kind, words", BAD.values(), ids=BAD)
def test_bad_arguments_are_refused(make, kind, words):
    with pytest.raises(kind, match=words):
        make()


def test_two_of_them_need_two_prefixes(models):
    model = models[False]
    both = EvaluateTraining(X, Y), EvaluateTraining(X, Y)
    with pytest.raises(ValueError, match="no two callbacks log"):
        fit(model, *both, epochs=1)
    both = EvaluateTraining(X, Y), EvaluateTraining(X, Y, prefix="own_")
    history = fit(model, *both, epochs=1)
    assert history["clean_loss"] == history["own_loss"]
