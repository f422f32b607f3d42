"""Another initializer times a constant."""

import math

import keras

from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_number


# There is a schedule of this name: files would bring back the wrong one.
@keras.saving.register_keras_serializable(
    package="keras_trainkit", name="ScaledInitializer"
)
class Scaled(keras.initializers.Initializer):
    """An initializer whose values are multiplied by a constant factor.

    `values = factor * initializer(shape, dtype)`. For layers that begin small
    by design: the last layer of a residual branch, an output layer whose first
    predictions should all be near their mean, a policy's head, the layers of
    a deep residual network by `1 / sqrt(2 * depth)`. (`EinsumDense` tells only
    initializers of Keras's `VarianceScaling` kind which axes of its kernel are
    inputs: scale another layer with this, or give `EinsumDense` the smaller
    `VarianceScaling` itself.)

    Args:
        initializer: A `keras.Initializer`, its name, or a callable
            `(shape, dtype) -> tensor`.
        factor: Finite float above 0. For zeros there is `"zeros"`.

    Raises:
        ValueError: For an unknown name, or a factor that is not positive and
            finite.
        TypeError: For arguments of another type.

    Example:

    >>> small = ktk.initializers.Scaled("ones", factor=0.25)
    >>> head = keras.layers.Dense(2, kernel_initializer=small)
    >>> head.build((None, 1))
    >>> keras.ops.convert_to_numpy(head.kernel).tolist()
    [[0.25, 0.25]]
    """

    def __init__(self, initializer, factor):
        require_number(
            "factor",
            factor,
            "a finite number above 0",
            lambda v: 0 < v < math.inf,
        )
        self.initializer = as_initializer("initializer", initializer)
        self.factor = factor

    def __call__(self, shape, dtype=None):
        """Returns `factor * initializer(shape, dtype)`."""
        values = self.initializer(shape, dtype=dtype)
        return keras.ops.multiply(values, float(self.factor))

    def get_config(self):
        """Returns the constructor's arguments."""
        return {
            "initializer": keras.initializers.serialize(self.initializer),
            "factor": float(self.factor),
        }

    @classmethod
    def from_config(cls, config):
        """Makes the initializer from `get_config`'s result."""
        inner = keras.initializers.deserialize(config["initializer"])
        return cls(inner, config["factor"])


def as_initializer(name, value):
    """Returns the initializer that an argument stands for.

    Args:
        name: The argument's name, for errors.
        value: A `keras.Initializer`, a name, or a callable.
    """
    expected = "a keras.Initializer, the name of one, or a callable"
    if not isinstance(value, str) and not callable(value):
        raise bad_type(name, value, expected)
    try:
        return keras.initializers.get(value)
    except ValueError as error:
        raise bad_value(name, value, expected) from error
