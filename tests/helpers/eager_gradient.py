"""Gradients of plain functions, eagerly, on each backend."""

import keras

from tests.helpers.arrays import to_numpy


def gradients(function, *arrays, dtype="float32", upstream=1.0):
    """Returns the gradients of `sum(upstream * function(*arrays))`.

    Args:
        function: Callable from tensors to a tensor.
        *arrays: NumPy arrays.
        dtype: The dtype in which all is computed. Defaults to `"float32"`.
        upstream: Number, the gradient that comes from behind.

    Returns:
        List of NumPy arrays, one for each of `arrays`.
    """
    tensors = [keras.ops.cast(one, dtype) for one in arrays]
    backend = keras.backend.backend()
    return [
        to_numpy(g) for g in _BACKENDS[backend](function, tensors, upstream)
    ]


def _torch(function, tensors, upstream):
    import torch

    leaves = [one.detach().requires_grad_() for one in tensors]
    y = function(*leaves)
    return torch.autograd.grad(y, leaves, torch.full_like(y, upstream))


def _tensorflow(function, tensors, upstream):
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(tensors)
        y = function(*tensors)
    return tape.gradient(
        y, tensors, tf.fill(tf.shape(y), tf.cast(upstream, y.dtype))
    )


def _jax(function, tensors, upstream):
    import jax

    y, pull = jax.vjp(function, *tensors)
    return pull(jax.numpy.full_like(y, upstream))


_BACKENDS = {"torch": _torch, "tensorflow": _tensorflow, "jax": _jax}
