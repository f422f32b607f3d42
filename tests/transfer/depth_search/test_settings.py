"""Which trainings are told apart, and which are the same."""

import json

import keras
import numpy as np
import pytest

from keras_trainkit.transfer.depth_search.settings import training_settings
from tests.helpers import reuse_models as zoo

OPT = keras.optimizers


def settings(model):
    return training_settings(model, model.layers[0].weights)


def compiled(optimizer, loss):
    model = zoo.pair()
    model.compile(optimizer, loss)
    return model


def huber_of(delta):
    return keras.losses.Huber(delta=delta)


def test_they_pass_through_json_and_names_do_not_count():
    cosine = keras.optimizers.schedules.CosineDecay(0.1, 9)
    models = [
        compiled(OPT.LossScaleOptimizer(OPT.Adam(cosine)), huber_of(2.0))
        for _ in range(2)
    ]
    first, second = map(settings, models)
    assert json.loads(json.dumps(first)) == first == second


OTHERS = {
    "rate": lambda: compiled(OPT.SGD(0.2), "mse"),
    "momentum": lambda: compiled(OPT.SGD(0.1, momentum=0.9), "mse"),
    "optimizer": lambda: compiled(OPT.Adam(0.1), "mse"),
    "loss": lambda: compiled(OPT.SGD(0.1), "mae"),
    "loss object": lambda: compiled(OPT.SGD(0.1), huber_of(1.0)),
}


@pytest.mark.parametrize("make", OTHERS.values(), ids=OTHERS)
def test_another_training_is_told_apart(make):
    assert settings(make()) != settings(compiled(OPT.SGD(0.1), "mse"))


def test_pretrained_values_count_and_those_of_the_head_do_not():
    model = zoo.pair()
    before = settings(model)
    model.layers[-1].bias.assign(np.ones(2))
    assert settings(model) == before
    model.layers[0].bias.assign(np.ones(4))
    assert settings(model) != before
