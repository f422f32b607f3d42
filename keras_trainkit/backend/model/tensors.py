"""Arrays as tensors, as `fit` makes them, and tensors as arrays."""

import keras
import numpy as np

from keras_trainkit.backend.devices.between_processes import own_tensor


def as_tensor(value):
    """Returns an array as `fit` hands it to a train step.

    Floats of other precision become those of `keras.config.floatx()`; what is
    no number, such as a string, stays as it is.
    """
    if value is None or keras.ops.is_tensor(value):
        return value
    value = np.asarray(value)
    if value.dtype.kind not in "biuf":
        return value
    dtype = keras.config.floatx() if value.dtype.kind == "f" else None
    return keras.ops.convert_to_tensor(value, dtype=dtype)


def to_numpy(tensor):
    """Returns a copy of a tensor or variable as a NumPy array.

    bfloat16, which NumPy does not know, comes as float32. Where processes of
    JAX hold a tensor together, all of them must ask.
    """
    tensor = own_tensor(tensor)
    if keras.backend.standardize_dtype(tensor.dtype) == "bfloat16":
        tensor = keras.ops.cast(tensor, "float32")
    return np.array(keras.ops.convert_to_numpy(tensor))


def is_float(tensor):
    """Whether a tensor holds floats."""
    return "float" in keras.backend.standardize_dtype(tensor.dtype)


def computed_wide(function, x):
    """Returns `function(x)`, computed in float32 where `x` is float16.

    Products on the way may overflow in float16 though the result does not, and
    leave a NaN in the gradient. The casts cost nothing where XLA fuses them;
    on torch each were a pass over the tensor, but the functions of
    `torch.nn.functional` compute in float32 inside anyway.

    Args:
        function: Elementwise callable from a float tensor to a float tensor.
        x: Float tensor.
    """
    half = keras.backend.standardize_dtype(x.dtype) == "float16"
    if not half or keras.backend.backend() == "torch":
        return function(x)
    return keras.ops.cast(function(keras.ops.cast(x, "float32")), x.dtype)
