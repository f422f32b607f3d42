import keras
import pytest

from keras_trainkit.backend.model.attention import constraint_attribute

LAYERS = {
    "multi-head": lambda: keras.layers.MultiHeadAttention(2, 3),
    "group-query": lambda: keras.layers.GroupQueryAttention(3, 2, 1),
}


@pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)
def test_the_attribute_is_what_the_layer_saves_and_builds_with(make):
    # keras/src/layers/attention/multi_head_attention.py
    layer, constraint = make(), keras.constraints.NonNeg()
    setattr(layer, constraint_attribute(layer), constraint)
    saved = layer.get_config()["kernel_constraint"]
    assert saved["class_name"] == "NonNeg"
    layer.build((None, 4, 3), (None, 4, 3))
    kernels = [w for w in layer.weights if w.name == "kernel"]
    assert len(kernels) == 4
    assert all(kernel.constraint is constraint for kernel in kernels)
