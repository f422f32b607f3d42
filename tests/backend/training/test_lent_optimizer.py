"""A wrapper is inside of what scales the loss, and in files."""

import keras
import pytest

from keras_trainkit.backend.training.lent_optimizer import wrapped_optimizer
from keras_trainkit.optimizers.layerwise_learning_rate import (
    LayerwiseLearningRate,
)


def wrapped(optimizer):
    return LayerwiseLearningRate(optimizer, {"*kernel": 0.5})


def scaled():
    return keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam())


OPTIMIZERS = {
    "scaled by compile": (keras.optimizers.Adam, "mixed_float16", True),
    "scaled by hand": (scaled, "mixed_float16", True),
    "scaled in float32": (scaled, "float32", True),
    "plain": (keras.optimizers.Adam, "float32", False),
}


def saved(model, path):
    model.save(path)
    return keras.models.load_model(path).optimizer


@pytest.mark.parametrize("case", OPTIMIZERS)
def test_a_file_written_meanwhile_has_the_wrapper(case, tmp_path):
    make, policy, scales = OPTIMIZERS[case]
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        model.compile(make(), "mse")
        model.optimizer.build(model.trainable_variables)
        with wrapped_optimizer(model, wrapped):
            loaded = saved(model, tmp_path / "model.keras")
        after = saved(model, tmp_path / "after.keras")
    finally:
        keras.config.set_dtype_policy(before)
    for one in (loaded, after):
        assert isinstance(one, keras.optimizers.LossScaleOptimizer) == scales
    inner, plain = (
        one.inner_optimizer if scales else one for one in (loaded, after)
    )
    assert isinstance(inner, LayerwiseLearningRate)
    assert type(inner.inner_optimizer).__name__ == "Adam"
    assert type(plain).__name__ == "Adam"
