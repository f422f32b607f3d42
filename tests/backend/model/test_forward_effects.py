"""What a forward pass does beside its outputs is seen, and undone."""

import keras
import numpy as np
import pytest

from keras_trainkit.backend.model.compiled_functions import Compiled
from keras_trainkit.backend.model.forward_effects import watched_effects

L = keras.layers
X = np.ones((4, 6), "float32")


class Jitter(L.Layer):
    """Draws from a generator in a list, of which Keras knows nothing."""

    def build(self, shape):
        self.hidden = [[keras.random.SeedGenerator(3)]]

    def call(self, x, training=False):
        noise = keras.random.normal((4, 6), seed=self.hidden[0][0])
        return x + noise if training else x


CASES = {
    "plain": (lambda: L.Dense(6), (False, 0, False)),
    "dropout": (lambda: L.Dropout(0.5), (True, 0, False)),
    "a hidden generator": (Jitter, (True, 0, False)),
    "statistics": (L.BatchNormalization, (False, 2, False)),
    "a loss": (
        lambda: L.Dense(6, activity_regularizer="l2"),
        (False, 0, True),
    ),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("compiles", [True, False])
def test_effects_are_seen(case, compiles):
    make, expected = CASES[case]
    layer = make()
    model = keras.Sequential([keras.Input((6,)), layer])
    model.compile(run_eagerly=not compiles)
    before = [keras.ops.convert_to_numpy(v) for v in model.variables]
    found = []

    def watched(x):
        with watched_effects(model) as seen:
            outputs = layer(x, training=True)
            effects = seen()
        found.append((effects.draws, len(effects.updates), effects.losses))
        return outputs

    Compiled(model)(watched)(keras.ops.convert_to_tensor(X))
    assert found[0] == expected
    for variable, value in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(
            keras.ops.convert_to_numpy(variable), value
        )


@pytest.mark.skipif(
    keras.backend.backend() != "torch",
    reason="torch modules need the torch backend",
)
def test_a_buffer_that_is_not_a_number_stays_one():
    import torch

    module = torch.nn.BatchNorm1d(6)
    module.running_mean.fill_(float("nan"))
    layer = keras.layers.TorchModuleWrapper(module)
    model = keras.Sequential([keras.Input((6,)), layer])
    with watched_effects(model) as seen:
        assert seen().updates == []
        module.running_mean[0] = 0.0
        assert seen().updates == ["a buffer of a torch module"]
