"""Keras's own inference is asked for; when its private changes, this fails."""

import keras
import pytest

from keras_trainkit.backend.training.metric_direction import improves_upwards
from tests.helpers.models import linear_model
from tests.helpers.models import regression_data

X, Y = regression_data(16)


@pytest.fixture(scope="module")
def model():
    model = linear_model()
    metrics = ["mae", keras.metrics.BinaryAccuracy(name="hits")]
    model.compile("sgd", "mse", metrics=metrics)
    model.fit(X, Y, verbose=0)
    return model


@pytest.mark.parametrize(
    "monitor, upwards",
    [
        ("loss", False),
        ("val_loss", False),
        ("mae", False),
        ("val_mae", False),
        ("hits", True),
        ("val_hits", True),
    ],
)
def test_the_direction_of_a_metric(model, monitor, upwards):
    assert improves_upwards(model, monitor, "Tester") == upwards


def test_what_keras_cannot_tell_it_says(model):
    with pytest.raises(ValueError, match=r"Tester .*`mode='max'`"):
        improves_upwards(model, "score", "Tester")
