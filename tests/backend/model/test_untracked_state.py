import keras
import pytest

from keras_trainkit.backend.model.untracked_state import layer_generators
from keras_trainkit.backend.model.untracked_state import untracked_variables
from tests.helpers.hidden_state import MODELS

BACKEND = keras.backend.backend()
FOUND = {
    "recurrent states": (1, 0),
    "both directions": (2, 0),
    "cells": (2, 0),
    "generators in containers": (0, 0),  # Keras tracks them.
    "a hidden variable": (1, 0),
    "tf.Variable": (1, 0),
    "tf.random.Generator": (1, 0),
    "buffers": (0, 0),
    "torch.Generator": (0, 1),
}


@pytest.mark.parametrize("name", MODELS)
def test_what_keras_does_not_list_is_found_once(name):
    model = MODELS[name]()
    found = untracked_variables(model), layer_generators(model)
    assert tuple(map(len, found)) == FOUND[name]


def test_a_container_that_holds_itself_is_no_circle():
    layer = keras.layers.Dense(1)
    layer.build((None, 2))
    hidden = keras.Variable(0.0, trainable=False)
    ring = {"itself": [hidden]}
    ring["itself"].append(ring)
    layer.__dict__["ring"] = ring
    assert [id(v) for v in untracked_variables(layer)] == [id(hidden)]
