import pytest

from keras_trainkit.backend.training.fit_attributes import FitAttributes
from tests.helpers.models import linear_model
from tests.helpers.models import regression_data

X, Y = regression_data(8)
NAMES = ["stop_training", "train_function", "_initial_epoch", "train_step"]


def compiled():
    model = linear_model()
    model.compile("sgd", "mse")
    return model


@pytest.mark.parametrize("name", NAMES)
def test_what_was_set_meanwhile_is_gone(name):
    model = compiled()
    before = {n: model.__dict__.get(n, "nothing") for n in NAMES}
    state = FitAttributes(model)
    model.fit(X, Y, verbose=0)
    model.__dict__[name] = len
    state.restore()
    assert {n: model.__dict__.get(n, "nothing") for n in NAMES} == before


def test_fit_still_sets_them():
    model = compiled()
    function = model.train_function
    model.fit(X, Y, verbose=0)
    assert model.train_function is not function
    assert model.stop_training is False
    assert model.steps_per_execution == 1
