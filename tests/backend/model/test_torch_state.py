"""What `fit` and inference do to torch modules, undone."""

import keras
import numpy as np
import pytest

from keras_trainkit.backend.model.torch_state import TorchState
from tests.helpers.torch_modules import model_with
from tests.helpers.torch_modules import normalized
from tests.helpers.torch_modules import only_torch

X = np.random.default_rng(0).normal(size=(8, 4)).astype("float32")


@pytest.fixture
def wrapper():
    return normalized()


def seen(module):
    buffers = {k: v.clone().numpy() for k, v in module.named_buffers()}
    return {**buffers, "mode": module.training}


@only_torch
def test_running_statistics_and_modes_are_put_back(wrapper):
    model = model_with(wrapper)
    before = seen(wrapper.module)
    state = TorchState(model)
    model(X, training=True)
    model(X, training=False)
    changed = seen(wrapper.module)
    assert not np.array_equal(
        before["1.running_mean"], changed["1.running_mean"]
    )
    assert before["mode"] != changed["mode"]
    state.restore()
    np.testing.assert_equal(seen(wrapper.module), before)


@only_torch
@pytest.mark.parametrize("value", [1.0, None])
def test_a_buffer_that_was_replaced_is_the_old_one_again(wrapper, value):
    import torch

    norm = wrapper.module[1]
    old = torch.tensor(value) if value else None
    norm.register_buffer("count", old)
    state = TorchState(model_with(wrapper))
    norm.count = torch.tensor(2.0)
    state.restore()
    assert norm.count is old


@only_torch
def test_gradients_are_put_back(wrapper):
    model = model_with(wrapper)
    weight = wrapper.module[0].weight
    state = TorchState(model)
    model(X, training=True).sum().backward()
    assert weight.grad is not None
    state.restore()
    assert weight.grad is None


@only_torch
def test_layers_in_a_list_are_seen():
    class Holder(keras.Model):
        def __init__(self):
            super().__init__()
            self.parts = [normalized()]

    model = Holder()
    module = model.parts[0].module
    state = TorchState(model)
    module.eval()
    state.restore()
    assert module.training


def test_models_of_keras_layers_only():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    before = model.get_weights()
    TorchState(model).restore()
    np.testing.assert_array_equal(model.get_weights()[0], before[0])
