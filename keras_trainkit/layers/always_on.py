"""What the Monte Carlo dropout layers share.

Keras's `fit`, `evaluate` and `predict` overrule a `training=True` that was
given when a functional model was built, so the override sits in `call`.
"""

from keras_trainkit.backend.randomness.replica_seed import (
    differ_between_replicas,
)
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import is_integer
from keras_trainkit.kernels.argument_checks import require_number


class AlwaysOn:
    """Runs the Keras parent's `call` in training mode, whatever is asked."""

    def __init__(self, rate, **kwargs):
        super().__init__(rate, **kwargs)
        if rate > 0:  # Keras's layers have no generator otherwise.
            differ_between_replicas(self.seed_generator)

    def call(self, inputs, training=False):
        """Drops, whatever `training` is."""
        return super().call(inputs, training=True)


def require_rate(rate):
    """Raises unless `rate` is a number in [0, 1]."""
    require_number("rate", rate, "in [0, 1]", lambda v: 0 <= v <= 1)


def require_noise_shape(noise_shape):
    """Raises unless `noise_shape` is `None` or a shape."""
    # Keras looks at the elements alone, and that only in `Dropout`.
    if noise_shape is None:
        return
    # TensorFlow's shapes and arrays are shapes, too.
    listed = hasattr(noise_shape, "__len__") and getattr(noise_shape, "ndim", 1)
    fits = (
        listed
        and not isinstance(noise_shape, (str, bytes, dict, set))
        and all(
            size is None or (is_integer(size) and size > 0)
            for size in noise_shape
        )
    )
    if not fits:
        raise bad_value(
            "noise_shape", noise_shape, "`None` or a tuple of sizes"
        )


def require_rate_below_one(rate):
    """Raises unless `rate` is a number in [0, 1)."""
    # The noise of alpha and Gaussian dropout is infinite at 1; Keras divides
    # by zero there, but only in `call`.
    require_number("rate", rate, "in [0, 1)", lambda v: 0 <= v < 1)
