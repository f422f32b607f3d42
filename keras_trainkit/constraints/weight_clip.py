"""`WeightClip`: an interval for every single weight."""

import math

import keras

from keras_trainkit.backend.optimizer.averages import project_averages
from keras_trainkit.kernels import norms
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_number


@keras.saving.register_keras_serializable(package="keras_trainkit")
class WeightClip(keras.constraints.Constraint):
    """Keeps every weight in an interval.

    After each step, what has left the interval is put back on its border, as
    the critic of the first Wasserstein GAN needs it (there -0.01 to 0.01),
    or a layer that is to be quantised. Infinite weights are clipped too; NaN
    stays.

    `w <- min(max(w, min_value), max_value)`

    Args:
        min_value: Finite float, the least weight.
        max_value: Finite float, the greatest, not below `min_value`.

    Raises:
        TypeError: If a bound is no number.
        ValueError: If a bound is not finite, or `min_value` above
            `max_value`.

    Example:

    >>> clip = ktk.constraints.WeightClip(-0.5, 0.5)
    >>> [float(w) for w in clip(keras.ops.array([-2.0, 0.25, 2.0]))]
    [-0.5, 0.25, 0.5]

    Reference:

    - [Arjovsky et al., 2017: Wasserstein GAN](
      https://arxiv.org/abs/1701.07875)
    """

    def __init__(self, min_value, max_value):
        require_number("min_value", min_value, "a finite number", math.isfinite)
        require_number("max_value", max_value, "a finite number", math.isfinite)
        if min_value > max_value:
            raise bad_value(
                "min_value", min_value, f"at most `max_value`={max_value!r}"
            )
        self.min_value = min_value
        self.max_value = max_value
        project_averages(self)

    def __call__(self, w):
        """Returns `w` with every element inside the interval.

        Args:
            w: Variable or floating-point tensor of any shape.

        Returns:
            A tensor of `w`'s shape and dtype.
        """
        return norms.clip(w, self.min_value, self.max_value)

    def get_config(self):
        """Returns the arguments of the constructor."""
        return {"min_value": self.min_value, "max_value": self.max_value}
