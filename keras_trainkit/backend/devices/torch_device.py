"""The device on which Keras computes with torch."""

import functools


def torch_device():
    """Returns what Keras calls the device, such as `"cpu"` or `"cuda"`.

    `get_device`: keras/src/backend/torch/core.py, and
    keras/src/backend/torch/ops/core.py from Keras 3.16 on.
    """
    return _get_device()()


@functools.cache
def _get_device():
    try:
        from keras.src.backend.torch.ops.core import get_device
    except ImportError:
        from keras.src.backend.torch.core import get_device
    return get_device
