"""Norms of many tensors at once, as cheaply as a backend computes them."""

import keras
import numpy as np


def squared_norms(tensors):
    """Returns the sums of squares of tensors as one vector of float32.

    Args:
        tensors: List of tensors; a gradient of TensorFlow's may hold some
            rows only (`tf.IndexedSlices`).
    """
    backend = keras.backend.backend()
    if backend == "torch":
        import torch

        wide = [one.detach().float() for one in tensors]
        return torch.square(torch.stack(torch._foreach_norm(wide)))
    if backend == "tensorflow":
        return keras.ops.stack([_of_tensorflow(one) for one in tensors])
    squares = [keras.ops.cast(one, "float32") for one in tensors]
    return keras.ops.stack([keras.ops.sum(one * one) for one in squares])


def _of_tensorflow(tensor):
    import tensorflow as tf

    if isinstance(tensor, tf.IndexedSlices):
        # A row that was used twice is there twice.
        rows, places = tf.unique(tensor.indices)
        tensor = tf.math.unsorted_segment_sum(
            tensor.values, places, tf.size(rows)
        )
    # One operation where a square and a sum are two.
    return 2.0 * tf.nn.l2_loss(tf.cast(tensor, "float32"))


def values_of(variables):
    """Returns the values of variables as they are now, whatever comes."""
    held = [getattr(variable, "value", variable) for variable in variables]
    backend = keras.backend.backend()
    if backend == "torch":
        import torch

        held = [one.detach() for one in held]
        floats = [one for one in held if one.is_floating_point()]
        # One operation for many tensors, and exact.
        copied = iter(torch._foreach_mul(floats, 1) if floats else ())
        return [
            next(copied) if one.is_floating_point() else one.clone()
            for one in held
        ]
    if backend == "tensorflow":
        import tensorflow as tf

        # Keras's `convert_to_tensor` returns the variable itself.
        return [tf.identity(one) for one in held]
    return held


def differences(after, before):
    """Returns `after - before`, element by element of two lists."""
    if keras.backend.backend() == "torch":
        import torch

        after = [one.detach() for one in after]
        return list(torch._foreach_sub(after, before))
    return [a - b for a, b in zip(after, before, strict=True)]


def all_finite(tensors):
    """Returns whether every element is finite, a boolean scalar tensor.

    Args:
        tensors: List of tensors, floats or not.
    """
    floats = [
        keras.ops.convert_to_tensor(one)
        for one in map(_held, tensors)
        if keras.backend.is_float_dtype(_dtype(one))
    ]
    if not floats:
        return keras.ops.convert_to_tensor(np.array(True))
    if keras.backend.backend() == "torch":
        import torch

        # One operation for many tensors; what is empty has no largest.
        filled = [one.detach() for one in floats if one.numel()]
        filled = filled or [torch.zeros(1)]
        largest = torch._foreach_norm(filled, float("inf"))
        largest = torch.stack([one.float() for one in largest])
        return torch.isfinite(largest).all()
    checks = [keras.ops.all(keras.ops.isfinite(one)) for one in floats]
    return keras.ops.all(keras.ops.stack(checks))


def _held(tensor):
    """Returns the rows that a gradient of TensorFlow's holds."""
    if keras.backend.backend() != "tensorflow":
        return tensor
    import tensorflow as tf

    return tensor.values if isinstance(tensor, tf.IndexedSlices) else tensor


def _dtype(tensor):
    return keras.backend.standardize_dtype(getattr(tensor, "dtype", "float32"))
