"""One number that multiplies, and one that is added."""

import math

import keras

from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_choice
from keras_trainkit.kernels.argument_checks import require_number


@keras.saving.register_keras_serializable(package="keras_trainkit")
class ScalarAffine(keras.layers.Layer):
    """Multiplies by one trained number and adds another.

    `outputs = scale * inputs + shift`, with `scale = 1` and `shift = 0` at the
    start. Residual networks without normalisation need it: a multiplier at the
    end of each branch sets how much of it counts, and biases before layers and
    activations move what a ReLU cuts. See `initializers.fixup`. With
    `start=0.0` it is the gate of SkipInit and ReZero: the branch begins
    switched off.

    Args:
        multiplier: Whether there is a scale. Defaults to `True`.
        bias: Whether there is a shift. Defaults to `True`.
        start: Number, the scale at the start. Defaults to `1.0`.
        **kwargs: As for `keras.layers.Layer`.

    Raises:
        ValueError: Where neither is wanted.
        TypeError: For arguments of another type.

    Example:

    >>> layer = ktk.layers.ScalarAffine()
    >>> layer.build((None, 2))
    >>> layer.set_weights([np.array(2.0), np.array(1.0)])
    >>> keras.ops.convert_to_numpy(layer(np.array([[1.0, 3.0]]))).tolist()
    [[3.0, 7.0]]

    Reference:

    - [Zhang et al., 2019](https://arxiv.org/abs/1901.09321)
    - [De and Smith, 2020](https://arxiv.org/abs/2002.10444)
    - [Bachlechner et al., 2020](https://arxiv.org/abs/2003.04887)
    """

    def __init__(self, multiplier=True, bias=True, start=1.0, **kwargs):
        super().__init__(**kwargs)
        require_choice("multiplier", multiplier, (True, False))
        require_choice("bias", bias, (True, False))
        require_number("start", start, "a finite number", math.isfinite)
        if not (multiplier or bias):
            raise bad_value(
                "bias",
                bias,
                "True where `multiplier` is False",
                "Leave it out.",
            )
        self.multiplier = multiplier
        self.bias = bias
        self.start = start
        self.supports_masking = True

    def build(self, input_shape):
        """Makes the two numbers."""
        self.scale = self.shift = None
        if self.multiplier:
            self.scale = self.add_weight(
                shape=(),
                initializer=keras.initializers.Constant(float(self.start)),
                name="scale",
            )
        if self.bias:
            self.shift = self.add_weight(
                shape=(), initializer="zeros", name="shift"
            )

    def call(self, inputs):
        """Returns `scale * inputs + shift`."""
        outputs = inputs
        if self.scale is not None:
            outputs = outputs * keras.ops.cast(self.scale, outputs.dtype)
        if self.shift is not None:
            outputs = outputs + keras.ops.cast(self.shift, outputs.dtype)
        return outputs

    def compute_output_shape(self, input_shape):
        """Returns `input_shape`."""
        return input_shape

    def get_config(self):
        """Returns the constructor's arguments."""
        return {
            **super().get_config(),
            "multiplier": self.multiplier,
            "bias": self.bias,
            "start": float(self.start),
        }
