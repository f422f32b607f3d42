"""A model has another state where a compiled step would have to change."""

import keras
import pytest

from keras_trainkit.backend.model.still_layers import set_stillness
from keras_trainkit.backend.model.still_layers import stillness
from keras_trainkit.backend.training.baked_state import Same
from keras_trainkit.backend.training.baked_state import baked_state
from tests.helpers.models import mlp
from tests.helpers.models import regression_data
from tests.helpers.traces import QUICK

X, Y = regression_data(16)


@pytest.fixture
def model():
    x = keras.Input((8,))
    normalized = keras.layers.SpectralNormalization(keras.layers.Dense(3))(x)
    y = keras.layers.BatchNormalization(scale=False, center=False)(normalized)
    model = keras.Model(x, keras.layers.Dense(1)(y))
    model.compile(keras.optimizers.Adam(0.1), "mse", **QUICK)
    model.fit(X, Y, verbose=0)
    return model


def set_on_optimizer(name, value):
    return lambda model: setattr(model.optimizer, name, value)


def other_step(model):
    step = model.train_step
    model.__dict__["train_step"] = lambda *args: step(*args)


def still(model):
    layer = model.layers[1]
    layer.trainable = False
    before = baked_state(model)
    held, norms = stillness(layer)
    set_stillness(layer, (not held, norms))
    assert baked_state(model) != before
    layer.trainable = True


CHANGES = {
    "flag of a weight": lambda m: setattr(m.weights[0], "trainable", False),
    "flag of a layer without weights that train": lambda m: setattr(
        m.layers[2], "trainable", False
    ),
    "hyperparameter": set_on_optimizer("beta_1", 0.5),
    "clipping": set_on_optimizer("clipnorm", 1.0),
    "schedule": set_on_optimizer(
        "learning_rate", keras.optimizers.schedules.CosineDecay(0.1, 10)
    ),
    "compile": lambda m: m.compile(m.optimizer, "mse"),
    "another optimizer": lambda m: setattr(
        m, "optimizer", keras.optimizers.Adam(0.1)
    ),
    "a train step of its own": other_step,
    "eager": lambda m: setattr(m, "run_eagerly", True),
    "steps per execution": lambda m: setattr(m, "steps_per_execution", 2),
    "holding still": still,
    "a number of a layer": lambda m: setattr(m.layers[2], "momentum", 0.5),
    "a number of the model": lambda m: setattr(m, "temperature", 2.0),
    "constraint": lambda m: setattr(
        m.weights[0], "constraint", keras.constraints.NonNeg()
    ),
    "regularizer": lambda m: setattr(
        m.weights[0], "regularizer", keras.regularizers.L2(0.1)
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_a_step_would_not_see(model, change):
    before = baked_state(model)
    assert before == baked_state(model)
    assert hash(before) == hash(baked_state(model))
    change(model)
    assert baked_state(model) != before


SAME = {
    "training": lambda m: m.fit(X, Y, epochs=2, verbose=0),
    "rate": set_on_optimizer("learning_rate", 0.5),
    "weights": lambda m: m.set_weights([w * 2 for w in m.get_weights()]),
    "evaluation": lambda m: m.evaluate(X, Y, verbose=0),
    "prediction": lambda m: m.predict(X, verbose=0),
    "stopping": lambda m: setattr(m, "stop_training", True),
}


@pytest.mark.parametrize("change", SAME.values(), ids=SAME)
def test_what_is_data(model, change):
    before = baked_state(model)
    change(model)
    assert baked_state(model) == before


def test_two_models_are_not_alike():
    one, other = mlp(), mlp()
    for model in (one, other):
        model.compile("sgd", "mse")
    assert baked_state(one) != baked_state(other)


def test_a_thing_is_the_same_as_itself_alone():
    one, other = [1], [1]
    assert Same(one) == Same(one)
    assert hash(Same(one)) == hash(Same(one))
    assert Same(one) != Same(other)
    assert Same(one) != one
