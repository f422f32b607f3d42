"""The one place where tests turn tensors into NumPy arrays."""

import keras
import numpy as np


def to_numpy(x):
    """Returns `x` (tensor, variable or structure of them) as NumPy arrays.

    bfloat16 has no NumPy dtype of its own that arithmetic accepts, so it
    comes back as float32, which holds every bfloat16 exactly.
    """
    return keras.tree.map_structure(_one, x)


def _one(x):
    if keras.backend.standardize_dtype(x.dtype) == "bfloat16":
        x = keras.ops.cast(x, "float32")
    return np.array(keras.ops.convert_to_numpy(x))
