"""A step that is judged bad leaves everything as it was."""

import keras
import numpy as np
import pytest

from keras_trainkit.backend.training.train_function import rebuild
from keras_trainkit.backend.training.undone_step import undone_unless_good
from tests.helpers.arrays import to_numpy
from tests.helpers.models import regression_data
from tests.helpers.torch_modules import only_torch

QUICK = {"jit_compile": keras.backend.backend() == "jax"}
X, Y = regression_data(16)


class Judge:
    """Finds batches bad that begin with a negative number."""

    variables = ()

    def begin(self):
        """Prepares nothing."""

    def is_good(self, logs, statistics, data):
        return keras.ops.convert_to_tensor(data[0])[0, 0] > 0


@pytest.fixture
def model():
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((8,)),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.5, seed=1),
            keras.layers.Dense(1),
        ]
    )
    model.compile(keras.optimizers.Adam(0.1), "mse", metrics=["mae"], **QUICK)
    model.train_on_batch(X, Y)
    vars(model)["train_step"] = undone_unless_good(
        model, model.train_step, Judge(), []
    )
    rebuild(model)
    return model


def state(model):
    held = [*model.variables, *model.optimizer.variables]
    return to_numpy([variable.value for variable in held])


def test_a_bad_batch_is_undone_bit_for_bit_and_a_good_one_trains(model):
    before = state(model)
    # Before 3.14 Keras leaves that to the caller.
    model.reset_metrics()
    logs = model.train_on_batch(-np.abs(X), Y, return_dict=True)
    for one, other in zip(state(model), before, strict=True):
        np.testing.assert_array_equal(one, other)
    assert logs["loss"] == logs["mae"] == 0.0
    logs = model.train_on_batch(np.abs(X), Y, return_dict=True)
    changed = [
        not np.array_equal(one, other)
        for one, other in zip(state(model), before, strict=True)
    ]
    # All but the learning rate.
    assert sum(changed) == len(changed) - 1
    assert logs["loss"] > 0


@only_torch
@pytest.mark.parametrize("replaces", [True, False])
def test_a_buffer_is_put_back_even_where_it_was_replaced(replaces):
    import torch

    class Sum(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("total", torch.zeros(()))

        def forward(self, x):
            if replaces:
                self.total = self.total + x.detach().sum()
            else:
                self.total.add_(x.detach().sum())
            return x

    wrapper = keras.layers.TorchModuleWrapper(Sum(), output_shape=(None, 8))
    model = keras.Sequential(
        [keras.Input((8,)), wrapper, keras.layers.Dense(1)]
    )
    model.compile("sgd", "mse")
    model.train_on_batch(X, Y)
    vars(model)["train_step"] = undone_unless_good(
        model, model.train_step, Judge(), []
    )
    rebuild(model)
    # Keras builds with tensors without values, which the module has kept.
    wrapper.module.total = torch.zeros(())
    model.train_on_batch(np.abs(X), Y)
    before = float(wrapper.module.total)
    model.train_on_batch(-np.abs(X), Y)
    assert float(wrapper.module.total) == before
    model.train_on_batch(np.abs(X), Y)
    assert float(wrapper.module.total) > before
