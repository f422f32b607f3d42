import keras

from keras_trainkit.backend.model.tensor_sizes import largest_tensor

TORCH = keras.backend.backend() == "torch"


def test_the_largest_tensor_is_noted_on_torch():
    with largest_tensor() as found:
        assert found == [0]
        x = keras.ops.ones((3, 4))
        wide = keras.ops.matmul(x, keras.ops.ones((4, 50)))
        keras.ops.sum(wide)
    keras.ops.ones((1000,))
    assert found == [200 if TORCH else 0]
