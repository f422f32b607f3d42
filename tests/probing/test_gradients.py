"""Norms of gradients, and that looking at them leaves no trace."""

import keras
import numpy as np
import pytest

from keras_trainkit.probing.gradients import Gradients
from keras_trainkit.probing.gradients import gradients
from keras_trainkit.probing.gradients import variable_paths
from tests.helpers.fit_state import changes
from tests.helpers.fit_state import fit_state
from tests.helpers.models import FEATURES
from tests.helpers.models import linear_model
from tests.helpers.models import regression_data
from tests.models import zoo

L = keras.layers
X, Y = regression_data(16)


def test_norms_of_one_dense_layer():
    model = linear_model()
    model.compile("sgd", "mse")
    kernel, bias = model.get_weights()
    slope = 2 * (X.astype("f8") @ kernel + bias - Y) / len(X)
    norms = np.linalg.norm(X.T @ slope), abs(slope.sum())
    probe = gradients(model, X, Y)
    layer = model.layers[0].name
    names = [f"{layer}/kernel", f"{layer}/bias"]
    assert list(probe.gradients) == names
    assert tuple(probe.gradients.values()) == pytest.approx(norms, rel=1e-4)
    assert probe.norm == pytest.approx(np.hypot(*norms), rel=1e-4)
    assert probe.layers == {layer: pytest.approx(probe.norm)}
    ratio = probe.norm / np.linalg.norm(kernel)
    assert probe.ratios == {layer: pytest.approx(ratio, rel=1e-4)}
    assert probe.counts == dict(zip(names, (FEATURES, 1), strict=True))
    assert probe.finite == dict.fromkeys(names, True)


def test_weights_of_zero_have_an_infinite_ratio():
    model = linear_model()
    model.compile("sgd", "mse")
    model.set_weights([np.zeros((FEATURES, 1)), np.zeros(1)])
    assert list(gradients(model, X, Y).ratios.values()) == [np.inf]


def test_gradients_that_are_not_finite():
    model = linear_model()
    model.compile("sgd", "mse")
    probe = gradients(model, np.where(X > 0, np.nan, X), Y)
    assert not any(probe.finite.values())
    assert np.isnan(probe.loss)


@pytest.mark.parametrize("name", ["block", "shared", "bidirectional", "cells"])
@pytest.mark.one_backend
def test_each_variable_has_a_path_of_its_own(name):
    model = zoo.ZOO[name]()
    paths = variable_paths(model)
    assert set(paths) == {id(weight) for weight in model.weights}
    assert len(set(paths.values())) == len(paths)


@pytest.mark.one_backend
def test_paths_go_through_nested_models():
    inner = keras.Sequential(
        [keras.Input((3,)), L.Dense(2, name="dense")], name="inner"
    )
    x = keras.Input((3,))
    model = keras.Model(x, L.Dense(1, name="dense")(inner(x)))
    assert [" ".join(one) for one in variable_paths(model).values()] == [
        "inner/dense kernel",
        "inner/dense bias",
        "dense kernel",
        "dense bias",
    ]


def everything():
    keras.utils.set_random_seed(3)
    model = keras.Sequential(
        [
            keras.Input((FEATURES,)),
            L.BatchNormalization(),
            L.Dropout(0.3),
            L.Dense(1),
        ]
    )
    model.compile(keras.optimizers.Adam(0.1), "mse", metrics=["mae"])
    return model


class Probing(keras.callbacks.Callback):
    """Probes after each batch and each epoch."""

    def on_train_begin(self, logs=None):
        self.probe, self.seen = Gradients(self.model), []

    def on_epoch_end(self, epoch, logs=None):
        assert self.model.built  # JAX: brings the state to the variables.
        before = fit_state(self.model)
        self.seen += [self.probe(X, Y).norm for _ in range(2)]
        assert not changes(before, fit_state(self.model))


def test_nothing_is_changed_and_training_goes_on_as_without():
    results, probing = [], Probing()
    for callbacks in ([], [probing]):
        model = everything()
        keras.utils.set_random_seed(4)
        model.fit(X, Y, batch_size=8, epochs=2, verbose=0, callbacks=callbacks)
        results.append(fit_state(model))
    first, second = results
    assert set(changes(first, second)) <= {"attributes"}
    assert len(set(probing.seen)) == 2
    assert probing.seen[::2] == probing.seen[1::2]
