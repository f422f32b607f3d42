import keras
import numpy as np
import pytest

from keras_trainkit.models.layer_tree import LayerTree
from keras_trainkit.optimizers.variable_multipliers import VariableMultipliers
from keras_trainkit.optimizers.variable_multipliers import of_layers
from tests.helpers.tanh_net import tanh_net


def found():
    model = tanh_net()
    tree = LayerTree(model)
    return model, of_layers(tree, [(model.get_layer("low").weights, 0.5)])


def again(multipliers):
    return VariableMultipliers.from_config(multipliers.get_config())


def test_what_is_not_named_has_one():
    model, multipliers = found()
    values = multipliers.of_weights(model.weights, True)
    assert values == [0.5, 0.5, 1, 1, 1, 1]


def test_a_variable_of_another_model_is_refused():
    _, multipliers = found()
    with pytest.raises(ValueError, match="made for the model"):
        multipliers(tanh_net().weights[0])


def test_a_saved_one_finds_the_weights_by_their_order():
    _, multipliers = found()
    other = tanh_net()
    copy = again(multipliers)
    assert copy.of_weights(other.weights, True) == [0.5, 0.5, 1, 1, 1, 1]
    assert copy(other.weights[1]) == 0.5


def test_a_saved_one_finds_those_that_train():
    model, multipliers = found()
    model.get_layer("high").trainable = False
    other = tanh_net()
    other.get_layer("high").trainable = False
    trained = other.trainable_weights
    assert again(multipliers).of_weights(trained, True) == [0.5, 0.5, 1, 1]


def test_a_saved_one_refuses_a_model_of_another_form():
    _, multipliers = found()
    other = keras.Variable(np.zeros(3), name="kernel")
    with pytest.raises(ValueError, match="made for the model"):
        again(multipliers).of_weights([other], True)


def test_a_saved_one_refuses_other_layers_of_equal_shapes():
    _, multipliers = found()
    other = [
        keras.Variable(np.zeros(w.shape), name=f"other{i}")
        for i, w in enumerate(tanh_net().weights)
    ]
    assert again(multipliers).in_order(other) is None


def test_what_is_frozen_is_known_when_it_thaws_after_two_files():
    model, multipliers = found()
    model.get_layer("low").trainable = False
    once = again(multipliers)
    once.of_weights(model.trainable_weights, True)
    twice = again(once)
    twice.of_weights(model.trainable_weights, True)
    assert twice.of_weights(model.weights, True) == [0.5, 0.5, 1, 1, 1, 1]


def test_weights_that_are_learnt_later_take_their_place_in_the_next_file():
    model, multipliers = found()
    model.get_layer("low").trainable = False
    once = again(multipliers)
    once.of_weights(model.trainable_weights, True)
    once.of_weights(model.weights, True)
    model.get_layer("low").trainable = True
    twice = again(once)
    assert twice.of_weights(model.weights, True) == [0.5, 0.5, 1, 1, 1, 1]


def test_it_shows_what_differs_from_one():
    _, multipliers = found()
    assert (
        repr(multipliers)
        == "VariableMultipliers({'net/low/kernel': 0.5, 'net/low/bias': 0.5})"
    )
