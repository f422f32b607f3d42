import keras
import pytest

from keras_trainkit.backend.training.compiled_parts import UnbuiltParts
from keras_trainkit.backend.training.compiled_parts import optimizers_of
from tests.helpers.models import linear_model
from tests.helpers.models import regression_data

X, Y = regression_data(8)


@pytest.fixture
def model():
    made = linear_model()
    made.compile(keras.optimizers.SGD(momentum=0.9), "mse", metrics=["mae"])
    return made


def built(model):
    # keras/src/trainers/trainer.py
    parts = (model.optimizer, model._compile_metrics, model._compile_loss)
    return [part.built for part in parts]


def test_what_a_fit_builds_is_unbuilt_again(model):
    optimizer = model.optimizer
    names = [v.name for v in optimizer.variables]
    parts = UnbuiltParts(model)
    model.fit(X, Y, verbose=0)
    assert built(model) == [True, True, True]
    parts.restore()
    assert built(model) == [False, False, False]
    assert [v.name for v in optimizer.variables] == names


def test_what_was_built_stays_built(model):
    model.fit(X, Y, verbose=0)
    parts = UnbuiltParts(model)
    parts.restore()
    assert built(model) == [True, True, True]


def test_a_model_that_was_not_compiled_has_none():
    model = linear_model()
    UnbuiltParts(model).restore()
    assert optimizers_of(model) == []


def test_inner_optimizers_and_those_in_attributes_are_found(model):
    inner = keras.optimizers.Adam()
    model.critic = keras.optimizers.LossScaleOptimizer(inner)
    found = optimizers_of(model)
    assert found == [model.optimizer, model.critic, inner]


def test_keras_still_has_the_tracker(model):
    model.fit(X, Y, verbose=0)
    tracker = model.optimizer._tracker
    assert set(tracker.config) == set(tracker.stored_ids) == {"variables"}
    assert tracker.config["variables"][1] is model.optimizer._variables
