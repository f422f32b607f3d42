"""What torch modules hold beside parameters is compared and put back."""

import keras
import numpy as np
import pytest

from keras_trainkit.backend.model.torch_buffers import TorchBuffers
from tests.helpers.torch_modules import model_with
from tests.helpers.torch_modules import normalized
from tests.helpers.torch_modules import only_torch


def written(norm):
    norm.running_mean.add_(1.0)


def replaced(norm):
    norm.running_mean = norm.running_mean + 1.0


def another_shape(norm):
    norm.running_mean = norm.running_mean[:1]


def taken_away(norm):
    norm.running_mean = None


@only_torch
@pytest.mark.parametrize(
    "change", [written, replaced, another_shape, taken_away]
)
def test_a_change_is_seen_and_undone(change):
    wrapper = normalized()
    norm = wrapper.module[1]
    tensor, before = norm.running_mean, norm.running_mean.clone().numpy()
    buffers = TorchBuffers(model_with(wrapper))
    assert not buffers.changed()
    change(norm)
    assert buffers.changed()
    buffers.restore()
    assert not buffers.changed()
    assert norm.running_mean is tensor
    np.testing.assert_array_equal(tensor.numpy(), before)


@only_torch
def test_a_buffer_that_equals_the_old_one_is_no_change():
    wrapper = normalized()
    norm = wrapper.module[1]
    norm.running_mean.fill_(float("nan"))
    buffers = TorchBuffers(model_with(wrapper))
    norm.running_mean = norm.running_mean.clone()
    assert not buffers.changed()


def test_layers_of_keras_have_none():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    buffers = TorchBuffers(model)
    buffers.restore()
    assert not buffers.changed()
