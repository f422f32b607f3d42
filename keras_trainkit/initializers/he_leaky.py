"""He's initializer for ReLUs with a slope below zero."""

import math

import keras

from keras_trainkit.kernels.argument_checks import require_choice
from keras_trainkit.kernels.argument_checks import require_integer
from keras_trainkit.kernels.argument_checks import require_number
from keras_trainkit.kernels.argument_checks import require_sequence
from keras_trainkit.kernels.initial_scale import leaky_scale

_DISTRIBUTIONS = ("untruncated_normal", "truncated_normal", "uniform")
_MODES = ("fan_in", "fan_out", "fan_avg")


@keras.saving.register_keras_serializable(package="keras_trainkit")
class HeLeaky(keras.initializers.VarianceScaling):
    """He's initializer with the gain of a leaky ReLU.

    A leaky ReLU passes on more than a ReLU does, so behind He's initializer
    signals grow from layer to layer: by `sqrt(1 + slope^2)`, which is 4 % for
    Keras's slope of 0.3 and doubles them in 17 layers. Here

    ```
    variance = gain^2 / fan,    gain = sqrt(2 / (1 + slope^2))
    ```

    With slope 0 it is He's, with slope 1 it keeps the variance of linear
    units. It equals torch's `kaiming_normal_(weight, a=slope)`, and with
    `distribution="uniform"` its `kaiming_uniform_`.

    Args:
        negative_slope: Finite float, the activation's slope below 0. (Keras's
            layer `LeakyReLU` has 0.3, its function `leaky_relu` 0.2, torch's
            0.01.)
        distribution: `"untruncated_normal"`, as torch's, `"truncated_normal"`,
            as Keras's `he_normal`, or `"uniform"`. All have the same variance.
            Defaults to `"untruncated_normal"`.
        mode: `"fan_in"` keeps the signals' variance, `"fan_out"` the
            gradients', `"fan_avg"` lies between. Defaults to `"fan_in"`.
        seed: Integer or `keras.random.SeedGenerator`. Defaults to `None`:
            drawn, by Keras's global seed.
        input_axes: List of the kernel's axes that are inputs, where Keras's
            `VarianceScaling` takes it (from 3.15); `EinsumDense` sets it.
            Defaults to `None`: all but the last.
        output_axes: Likewise of the axes that are outputs. Defaults to `None`.

    Raises:
        ValueError: For values out of range.
        TypeError: For arguments of another type.

    Example:

    >>> initializer = ktk.initializers.HeLeaky(0.2, seed=0)
    >>> kernel = initializer((400, 300))
    >>> round(float(np.std(keras.ops.convert_to_numpy(kernel))), 3)
    0.069
    >>> round((2 / (1 + 0.2**2) / 400) ** 0.5, 3)
    0.069

    Reference:

    - [He et al., 2015](https://arxiv.org/abs/1502.01852), section 2.2
    """

    def __init__(
        self,
        negative_slope,
        distribution="untruncated_normal",
        mode="fan_in",
        seed=None,
        input_axes=None,
        output_axes=None,
    ):
        require_number(
            "negative_slope", negative_slope, "a finite number", math.isfinite
        )
        require_choice("distribution", distribution, _DISTRIBUTIONS)
        require_choice("mode", mode, _MODES)
        _require_axes("input_axes", input_axes)
        _require_axes("output_axes", output_axes)
        super().__init__(
            scale=leaky_scale(float(negative_slope)),
            mode=mode,
            distribution=distribution,
            seed=seed,
            # keras/src/initializers/random_initializers.py: unknown to 3.13.
            **_given(input_axes=input_axes, output_axes=output_axes),
        )
        self.negative_slope = negative_slope

    def get_config(self):
        """Returns the constructor's arguments."""
        return {
            "negative_slope": float(self.negative_slope),
            "distribution": self.distribution,
            "mode": self.mode,
            "seed": super().get_config()["seed"],
            **_given(
                input_axes=getattr(self, "input_axes", None),
                output_axes=getattr(self, "output_axes", None),
            ),
        }


def _require_axes(name, axes):
    if axes is None:
        return
    require_sequence(name, axes, "a list of integers, or None")
    for axis in axes:
        require_integer(name, axis)


def _given(**arguments):
    return {name: v for name, v in arguments.items() if v is not None}
