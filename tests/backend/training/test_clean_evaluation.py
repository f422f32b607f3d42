"""An evaluation without penalties leaves the model as it was."""

import keras
import numpy as np
import pytest

from keras_trainkit.backend.training.clean_evaluation import CleanEvaluation
from tests.helpers.arrays import to_numpy

X = np.random.default_rng(0).normal(size=(16, 3)).astype("float32")
Y = np.ones((16, 1), "float32")


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(1)
    layer = keras.layers.Dense(1, kernel_regularizer="l2")
    model = keras.Sequential([keras.Input((3,)), layer])
    model.compile("sgd", "mse")
    return model


def squared_error(model):
    kernel, bias = (to_numpy(v.value) for v in model.weights)
    return np.mean((X @ kernel + bias - Y) ** 2)


def test_the_loss_is_that_of_the_predictions(model):
    function = model.test_function
    evaluate = CleanEvaluation(model)
    clean = float(evaluate(x=X, y=Y)["loss"])
    assert clean == pytest.approx(squared_error(model), rel=1e-5)
    assert model.test_function is function
    penalty = float(to_numpy(model.losses[0]))
    with_penalty = model.evaluate(X, Y, verbose=0)
    assert with_penalty == pytest.approx(clean + penalty, rel=1e-5)
    # The compiled function is the first one's, with the weights of now.
    model.layers[0].bias.assign([3.0])
    again = float(evaluate(x=X, y=Y)["loss"])
    assert again == pytest.approx(squared_error(model), rel=1e-5)


def test_an_evaluation_that_dies_leaves_the_weights(model):
    before = [to_numpy(v.value) for v in model.variables]
    with pytest.raises(ValueError, match="2"):
        CleanEvaluation(model)(x=X[:, :2], y=Y)
    after = [to_numpy(v.value) for v in model.variables]
    np.testing.assert_equal(after, before)
    assert model.layers[0].kernel.regularizer is not None
