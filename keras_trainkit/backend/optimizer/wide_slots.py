"""Slots and gradients of an optimizer that computes in float32 at least.

Keras's slots have the dtype of the weight: of squares of float16 little is
left. And its products may be computed in fewer bits than they have: GPUs round
float32 to 10 bits of mantissa, which ruins an iteration on matrices.
"""

import contextlib

import keras


def wide_dtype(variable):
    """Returns `"float64"` for a float64 variable, `"float32"` for others."""
    dtype = keras.backend.standardize_dtype(variable.dtype)
    return "float64" if dtype == "float64" else "float32"


def add_wide_slot(optimizer, variable, name, shape=None):
    """Adds a slot of zeros to an optimizer.

    Placed and named as Keras's own slots are
    (keras/src/optimizers/base_optimizer.py: `_layout`;
    keras/src/backend/tensorflow/optimizer.py: `_distribution_strategy`).

    Args:
        optimizer: `keras.optimizers.Optimizer`.
        variable: The model variable that the slot belongs to.
        name: String, what it is.
        shape: Tuple. Defaults to `None`: the variable's, and then with its
            layout over devices.

    Returns:
        A `keras.Variable` of `wide_dtype(variable)`.
    """
    layout = getattr(variable, "_layout", None) if shape is None else None
    with _beside(optimizer, variable):
        return optimizer.add_variable(
            shape=tuple(variable.shape) if shape is None else shape,
            initializer="zeros",
            dtype=wide_dtype(variable),
            layout=layout,
            name=f"{variable.path.replace('/', '_')}_{name}",
        )


def _beside(optimizer, variable):
    if keras.backend.backend() != "tensorflow":
        return contextlib.nullcontext()
    strategy = optimizer._distribution_strategy
    return strategy.extended.colocate_vars_with(variable.value)


def dense(gradient, dtype):
    """Returns a gradient as a tensor with all its rows, in a dtype.

    Args:
        gradient: Tensor; on TensorFlow an embedding's holds only the rows that
            were looked up (`tf.IndexedSlices`).
        dtype: String.
    """
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        gradient = tf.convert_to_tensor(gradient)
    return keras.ops.cast(gradient, dtype)


def exact_dtype(tensor):
    """Returns the dtype whose products lose no more than rounding does.

    On TensorFlow and torch a setting of the process lets GPUs round float32,
    which a compiled step cannot ask for; there it is float64.

    Args:
        tensor: What is going to be multiplied, of float32 or float64.
    """
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        if tf.config.list_logical_devices("GPU"):
            return "float64"
    if backend == "torch" and tensor.is_cuda:
        return "float64"
    return keras.backend.standardize_dtype(tensor.dtype)


def exact_products():
    """Returns a context in which JAX computes products in all their bits."""
    if keras.backend.backend() != "jax":
        return contextlib.nullcontext()
    import jax

    return jax.default_matmul_precision("highest")
