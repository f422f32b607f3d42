"""Torch modules for Keras models; only the torch backend can hold them."""

import keras
import pytest

only_torch = pytest.mark.skipif(
    keras.backend.backend() != "torch",
    reason="torch modules need the torch backend",
)


def normalized(units=3, affine=True):
    """Linear and BatchNorm1d in one wrapper, for inputs of shape `(n, 4)`."""
    import torch

    return keras.layers.TorchModuleWrapper(
        torch.nn.Sequential(
            torch.nn.Linear(4, units),
            torch.nn.BatchNorm1d(units, affine=affine),
        ),
        output_shape=(None, units),
        name="module",
    )


def model_with(wrapper):
    """A model with `wrapper` inside a nested one, below a head."""
    inner = keras.Sequential([keras.Input((4,)), wrapper], name="inner")
    return keras.Sequential(
        [keras.Input((4,)), inner, keras.layers.Dense(1, name="head")]
    )
