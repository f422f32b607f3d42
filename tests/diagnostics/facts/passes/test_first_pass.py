"""One forward and backward pass of a subject, and that it leaves no trace."""

import keras
import numpy as np
import pytest

from keras_trainkit.diagnostics.facts.data.sample import sample_of
from keras_trainkit.diagnostics.facts.passes.first_pass import small_batch
from keras_trainkit.diagnostics.facts.subject import Subject
from tests.helpers.fit_state import changes
from tests.helpers.fit_state import fit_state
from tests.helpers.models import FEATURES
from tests.helpers.models import SubclassedMLP
from tests.helpers.models import mlp
from tests.helpers.models import regression_data

L = keras.layers
X, Y = regression_data(40)


def net():
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.Input((FEATURES,)),
            L.BatchNormalization(name="norm"),
            L.Dropout(0.5),
            L.Dense(1, name="head"),
        ]
    )
    model.compile("adam", "mse", metrics=["mae"])
    return model


def test_what_is_seen_and_that_nothing_is_changed():
    model = net()
    before = fit_state(model)
    seen = Subject(model, X, Y).first_pass
    assert not changes(before, fit_state(model))
    assert not model._compile_loss.built
    assert (
        list(seen.layers) == ["norm", "dropout", "head"]
        or len(seen.layers) == 3
    )
    assert seen.layers["norm"].std == pytest.approx(1, abs=0.05)
    assert set(seen.gradients) == {"norm", "head"}
    assert seen.loss > 0 and seen.finite and seen.error is None
    assert seen.rows == 40 and seen.outputs[0].shape == (40, 1)


def test_a_model_that_is_not_built_is_looked_at_as_a_copy():
    keras.utils.set_random_seed(1)
    model = keras.Sequential([L.Dense(3, "relu"), L.Dense(1, name="head")])
    model.compile("adam", keras.losses.Huber())
    seen = Subject(model, X, Y).first_pass
    assert seen.loss > 0 and "head" in seen.gradients
    assert not model.built and not model.optimizer.built


@pytest.mark.parametrize(
    "model, y",
    [(mlp, Y), (net, None)],
    ids=["not compiled", "no targets"],
)
def test_without_a_loss_there_are_no_gradients(model, y):
    seen = Subject(model(), X, y).first_pass
    assert (seen.probe, seen.loss, seen.gradients) == (None, None, {})
    assert seen.finite and len(seen.layers) >= 2


class OwnStep(SubclassedMLP):
    def train_step(self, *args):
        raise AssertionError("not called")


def test_a_step_of_its_own_is_not_guessed():
    model = OwnStep()
    model(X)
    model.compile("sgd", "mse")
    seen = Subject(model, X, Y).first_pass
    assert seen.probe is None and seen.error is None and seen.layers


def test_an_error_is_kept():
    model = mlp()
    model.compile("sgd", lambda y, p: keras.ops.reshape(p, (7, 7)))
    seen = Subject(model, X, Y).first_pass
    assert seen.error and seen.outputs and seen.probe is None


def cut(between):
    x = keras.Input((FEATURES,))
    below = L.Dense(2, name="below")(x)
    model = keras.Model(x, L.Dense(1, name="head")(between(below)))
    model.compile("sgd", "mse")
    return model


@pytest.mark.parametrize(
    "between, silent",
    [(keras.ops.stop_gradient, ("below",)), (keras.ops.tanh, ())],
    ids=["cut", "not cut"],
)
def test_layers_that_no_gradient_reaches(between, silent):
    assert Subject(cut(between), X, Y).first_pass.silent == silent


def test_weights_of_zero_hide_a_layer_for_now_only():
    model = cut(keras.ops.tanh)
    head = model.get_layer("head")
    head.set_weights([np.zeros((2, 1)), np.zeros(1)])
    seen = Subject(model, X, Y).first_pass
    assert seen.gradients["below"] == 0 and seen.silent == ()


@pytest.mark.one_backend
def test_rows_come_from_all_over_and_fewer_of_large_inputs():
    x = np.arange(500, dtype="float32")[:, None]
    x, y = small_batch(sample_of(None, x, x), 9)
    assert x[:, 0].tolist() == y[:, 0].tolist()
    assert x[[0, 4, 8], 0].tolist() == [0, 249, 499]
    large = np.zeros((20, 700, 1000), "float32")
    assert small_batch(sample_of(None, large))[0].shape == (8, 700, 1000)
    assert small_batch(sample_of(None, large))[1] is None
