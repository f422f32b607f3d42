import keras
import numpy as np
import pytest

from keras_trainkit.backend.model.observed_calls import observed_calls
from keras_trainkit.backend.model.observed_calls import without_gradients
from tests.helpers.arrays import to_numpy


def test_each_call_is_shown_when_it_returns():
    shared = keras.layers.Dense(2)
    model = keras.Sequential([keras.Input((2,)), shared, shared])
    seen = []
    with observed_calls(
        [shared, model], lambda layer, outputs: seen.append((layer, outputs))
    ):
        result = model(np.ones((1, 2)))
    assert [layer for layer, _ in seen] == [shared, shared, model]
    np.testing.assert_array_equal(to_numpy(seen[1][1][0]), to_numpy(result))
    model(np.ones((1, 2)))
    assert len(seen) == 3
    assert "call" not in vars(shared)


def test_a_call_without_values_is_left_out():
    dense, seen = keras.layers.Dense(2), []
    with observed_calls([dense], lambda *one: seen.append(one)):
        dense(keras.Input((3,)))
    assert not seen


class Scanned(keras.layers.Layer):
    """Runs a layer in a loop that JAX and TensorFlow trace."""

    def __init__(self):
        super().__init__()
        self.step = keras.layers.Dense(2)

    def build(self, shape):
        self.step.build((shape[0], 2))

    def call(self, inputs):
        return keras.ops.vectorized_map(lambda row: self.step(row), inputs)


def test_what_is_traced_within_is_left_out():
    layer, seen = Scanned(), []
    layer.build((1, 3, 2))
    with observed_calls([layer.step, layer], lambda one, _: seen.append(one)):
        layer(np.ones((1, 3, 2)))
    assert seen[-1] is layer


def test_it_ends_with_an_error():
    dense = keras.layers.Dense(2)
    dense.build((None, 3))
    with (
        pytest.raises(RuntimeError, match="on purpose"),
        observed_calls([dense], lambda *one: None),
    ):
        raise RuntimeError("on purpose")
    assert "call" not in vars(dense)


def test_torch_keeps_nothing_for_a_gradient():
    dense = keras.layers.Dense(2)
    with without_gradients():
        result = dense(np.ones((1, 3)))
    assert not getattr(result, "requires_grad", False)
