"""The variables that Keras writes a layer's flag to, and LoRA's base."""

import keras
import pytest

from keras_trainkit.backend.model.flagged_variables import flagged_variables
from keras_trainkit.backend.model.flagged_variables import lora_base


def built(layer, shape):
    layer.build(shape)
    return layer


def test_they_are_those_that_the_flag_changes():
    layer = built(keras.layers.BatchNormalization(), (None, 4))
    before = {id(w) for w in layer.weights if w.trainable}
    layer.trainable = False
    changed = {id(w) for w in layer.weights if not w.trainable} & before
    assert {id(w) for w in flagged_variables(layer)} == changed == before


def test_a_variable_frozen_alone_is_still_one_of_them():
    layer = built(keras.layers.Dense(2), (None, 4))
    layer.kernel.trainable = False
    assert [w.name for w in flagged_variables(layer)] == ["kernel", "bias"]


@pytest.mark.parametrize(
    "layer, shape, base",
    [
        (keras.layers.Dense(3), (None, 4), "kernel"),
        (keras.layers.Embedding(5, 3), (None, 2), "embeddings"),
        (keras.layers.EinsumDense("ab,bc->ac", 3), (None, 4), "kernel"),
        (keras.layers.Conv2D(3, 2), (None, 4, 4, 2), "kernel"),
    ],
    ids=["Dense", "Embedding", "EinsumDense", "Conv2D"],
)
def test_lora_has_a_base_that_it_froze(layer, shape, base):
    built(layer, shape)
    assert lora_base(layer) == []
    layer.enable_lora(2)
    (found,) = lora_base(layer)
    assert (found.name, found.trainable) == (base, False)
    assert any(found is weight for weight in layer.weights)


def test_a_layer_without_lora_has_no_base():
    assert lora_base(keras.layers.Dropout(0.5)) == []
