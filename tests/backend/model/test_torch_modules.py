"""Torch modules inside Keras models; on other backends there are none."""

import keras
import numpy as np
import pytest

from keras_trainkit.backend.model.torch_modules import buffers_kept
from keras_trainkit.backend.model.torch_modules import norm_weights
from keras_trainkit.backend.model.torch_modules import norms_in_inference_mode
from tests.helpers.torch_modules import normalized
from tests.helpers.torch_modules import only_torch

X = np.random.default_rng(0).normal(size=(8, 4)).astype("float32")


@only_torch
@pytest.mark.parametrize("affine, count", [(True, 2), (False, 0)])
def test_the_weights_of_a_norm_are_told_from_others(affine, count):
    wrapper = normalized(affine=affine)
    own = {id(one) for one in wrapper.module[1].parameters()}
    found = norm_weights(wrapper)
    assert {id(weight.value) for weight in found} == own
    assert len(found) == count


@pytest.mark.parametrize(
    "make", [lambda: keras.layers.BatchNormalization(), keras.layers.Flatten]
)
def test_layers_of_keras_hold_no_torch_norm(make):
    assert norm_weights(make()) is None


@only_torch
@pytest.mark.parametrize("context", ["kept", "inference"])
def test_statistics_stay_inside_and_move_outside(context):
    wrapper = normalized()
    norm = wrapper.module[1]
    tensor, before = norm.running_mean, norm.running_mean.clone().numpy()
    held = {
        "kept": lambda: buffers_kept(wrapper.module),
        "inference": lambda: norms_in_inference_mode(wrapper.module, True),
    }[context]
    wrapper.module.train()
    with held():
        wrapper(X, training=True)
    assert norm.running_mean is tensor
    np.testing.assert_array_equal(tensor.numpy(), before)
    wrapper(X, training=True)
    assert not np.array_equal(norm.running_mean.numpy(), before)
