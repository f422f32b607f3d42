"""The randomized leaky ReLU."""

import math

import keras
from keras import ops

from keras_trainkit.backend.randomness.replica_seed import (
    differ_between_replicas,
)
from keras_trainkit.kernels.activations import rrelu
from keras_trainkit.kernels.activations import slopes_from_bits
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_number


@keras.saving.register_keras_serializable(package="keras_trainkit")
class RReLU(keras.layers.Layer):
    """Randomized leaky rectified linear unit.

    In training each negative element is multiplied by a slope of its own,
    drawn anew at each call; at inference by the mean slope. The noise
    regularises: use it in place of `keras.layers.LeakyReLU` where a network
    overfits, and where a rectifier with a fixed slope of 0 would let units
    die. Values and gradients are those of `torch.nn.RReLU`.

    ```
    f(x) = x            if x > 0
    f(x) = slope * x    otherwise

    training:   slope ~ U(lower, upper), one for each element
    inference:  slope = (lower + upper) / 2
    ```

    Args:
        lower: Float, the smallest slope. Defaults to 1/8.
        upper: Float, the largest slope, not less than `lower`; equal bounds
            give a leaky ReLU. Defaults to 1/3.
        seed: Integer, optional random seed. Defaults to `None`: the sequence
            is governed by `keras.utils.set_random_seed`.
        **kwargs: Base layer keyword arguments, such as `name` and `dtype`.

    Call arguments:
        inputs: Tensor of any shape. Integers are cast to the compute dtype,
            as floats are.
        training: Boolean, whether slopes are drawn.

    Returns:
        Tensor with the shape of the input, in the layer's compute dtype.

    Raises:
        ValueError: If a bound is not finite or `lower > upper`.
        TypeError: If a bound is not a number.

    Example:

    >>> layer = ktk.layers.RReLU(lower=0.25, upper=0.75)
    >>> y = layer(np.array([-4.0, 0.0, 2.0]))
    >>> keras.ops.convert_to_numpy(y).tolist()
    [-2.0, 0.0, 2.0]
    >>> y = float(layer(np.array([-4.0]), training=True)[0])
    >>> -3.0 < y < -1.0
    True

    Reference:

    - [Xu et al., 2015](https://arxiv.org/abs/1505.00853)
    """

    def __init__(self, lower=1 / 8, upper=1 / 3, seed=None, **kwargs):
        super().__init__(**kwargs)
        require_number("lower", lower, "a finite number", math.isfinite)
        require_number("upper", upper, "a finite number", math.isfinite)
        if lower > upper:
            raise bad_value(
                "lower",
                lower,
                f"at most `upper` ({upper!r})",
                "Exchange the two bounds.",
            )
        self.lower = lower
        self.upper = upper
        self.seed = seed
        self.seed_generator = differ_between_replicas(
            keras.random.SeedGenerator(seed)
        )
        self.supports_masking = True
        # A subclass with a `build` of its own has yet to run it.
        if type(self).build is keras.layers.Layer.build:
            self.built = True

    def call(self, inputs, training=False):
        """Rectifies `inputs` (see the class)."""
        if not keras.backend.is_float_dtype(inputs.dtype):
            # Keras casts floats only (keras/src/layers/layer.py).
            inputs = ops.cast(inputs, self.compute_dtype)
        if training and self.lower < self.upper:
            slopes = self._draw(inputs)
        else:
            slopes = (self.lower + self.upper) / 2
        return rrelu(inputs, slopes, unit=self.lower >= 0 and self.upper <= 1)

    def compute_output_shape(self, input_shape):
        """Returns `input_shape`."""
        return input_shape

    def get_config(self):
        """Returns the constructor's arguments."""
        return {
            **super().get_config(),
            "lower": self.lower,
            "upper": self.upper,
            "seed": self.seed,
        }

    def _draw(self, inputs):
        shape = ops.shape(inputs)
        bits = keras.random.randint(
            ((math.prod(shape) + 1) // 2, 1),
            -(2**31),
            2**31 - 1,
            dtype="int32",
            seed=self.seed_generator,
        )
        return slopes_from_bits(
            bits,
            shape,
            self.lower,
            self.upper,
            dtype=keras.backend.result_type(inputs.dtype, "float32"),
        )
