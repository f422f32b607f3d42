"""Torch modules inside Keras models; on other backends there are none."""

import keras
import numpy as np
import pytest

from keras_trainkit.backend.model.torch_modules import module_buffers
from tests.helpers.torch_modules import model_with
from tests.helpers.torch_modules import normalized
from tests.helpers.torch_modules import only_torch


@only_torch
@pytest.mark.parametrize("around", [model_with, lambda one: one])
def test_the_buffers_are_the_modules_own(around):
    wrapper = normalized()
    expected = {id(buffer) for buffer in wrapper.module[1].buffers()}
    found = module_buffers(around(wrapper))
    assert {id(one) for one in found} == expected
    assert len(expected) == len(found) == 3


@only_torch
def test_what_is_written_to_a_buffer_is_what_the_module_sees():
    wrapper = normalized()
    for buffer in module_buffers(model_with(wrapper)):
        buffer.copy_(buffer * 0 + 7)
    mean = wrapper.module[1].running_mean
    np.testing.assert_array_equal(mean.cpu().numpy(), [7, 7, 7])


def test_layers_of_keras_have_none():
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.BatchNormalization()]
    )
    assert module_buffers(model) == []
