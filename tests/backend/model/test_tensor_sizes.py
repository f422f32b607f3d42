import keras
import pytest

from keras_trainkit.backend.model.tensor_sizes import largest_tensor

TORCH = keras.backend.backend() == "torch"


@pytest.mark.skipif(not TORCH, reason="elsewhere nothing is noted")
def test_the_largest_tensor_is_noted():
    with largest_tensor() as found:
        assert found == [0]
        x = keras.ops.ones((3, 4))
        wide = keras.ops.matmul(x, keras.ops.ones((4, 50)))
        keras.ops.sum(wide)
    keras.ops.ones((1000,))
    assert found == [200]


@pytest.mark.skipif(TORCH, reason="torch notes it")
def test_elsewhere_nothing_is_noted():
    with largest_tensor() as found:
        keras.ops.ones((3, 4))
    assert found == [0]
