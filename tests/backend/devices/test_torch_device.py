import keras
import pytest

from keras_trainkit.backend.devices.torch_device import torch_device


@pytest.mark.skipif(
    keras.backend.backend() != "torch",
    reason="torch modules need the torch backend",
)
def test_it_is_where_keras_puts_its_tensors():
    made = keras.ops.ones(())
    assert str(torch_device()).split(":")[0] == made.device.type
