"""A small model whose run is scheduled, and whether it is as before."""

import keras
import pytest

from keras_trainkit.scheduling.active_fit import active_fit
from tests.helpers.models import linear_model
from tests.helpers.models import regression_data

BATCH, STEPS, EPOCHS, RATE, MOMENTUM = 16, 4, 2, 0.01, 0.5
X, Y = regression_data(BATCH * STEPS)


def compiled(model=None):
    model = model or linear_model()
    model.compile(keras.optimizers.SGD(RATE, momentum=MOMENTUM), "mse")
    return model


def assert_given_back(model):
    assert active_fit(model) is None
    assert model.optimizer.momentum == MOMENTUM
    assert float(model.optimizer.learning_rate) == pytest.approx(RATE)
    assert "apply" not in vars(model.optimizer)
