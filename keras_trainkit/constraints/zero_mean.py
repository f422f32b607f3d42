"""`ZeroMean`: weights that sum to zero."""

import keras

from keras_trainkit.backend.optimizer.averages import project_averages
from keras_trainkit.kernels import norms
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_integer


@keras.saving.register_keras_serializable(package="keras_trainkit")
class ZeroMean(keras.constraints.Constraint):
    """Keeps the mean of the weights along some axes at zero.

    The centring half of weight standardisation, as a projection after each
    step: a unit with centred incoming weights does not see a constant that
    is added to all its inputs. Means of float16 and bfloat16 weights are
    computed in float32.

    `w <- w - mean(w, axis)`

    Args:
        axis: Integer, or non-empty tuple or list of integers, along which
            the mean is taken: `0` for the units of a `Dense`, `(0, 1, 2)` for
            the filters of a `Conv2D`.

    Raises:
        TypeError: If `axis` is not made of integers.
        ValueError: If `axis` is empty. At the first call: if the weight does
            not have such an axis.

    Example:

    >>> centre = ktk.constraints.ZeroMean(axis=0)
    >>> [float(w) for w in centre(keras.ops.array([1.0, 2.0, 6.0]))]
    [-2.0, -1.0, 3.0]

    Reference:

    - [Huang et al., 2017: Centered Weight Normalization](
      https://openaccess.thecvf.com/content_iccv_2017/html/Huang_Centered_Weight_Normalization_ICCV_2017_paper.html)
    """

    def __init__(self, axis):
        axes = _as_tuple(axis)
        for one in axes:
            require_integer("axis", one)
        if not axes:
            raise bad_value("axis", axis, "an integer, or at least one of them")
        self.axis = axis
        project_averages(self)

    def __call__(self, w):
        """Returns `w` less its mean along `axis`.

        Args:
            w: Variable or floating-point tensor.

        Returns:
            A tensor of `w`'s shape and dtype.

        Raises:
            ValueError: If `w` does not have such an axis.
        """
        axes = norms.axes_of(w, _as_tuple(self.axis), "axis")
        return norms.zero_mean(w, axes)

    def get_config(self):
        """Returns the arguments of the constructor."""
        return {"axis": self.axis}


def _as_tuple(axis):
    return tuple(axis) if isinstance(axis, (tuple, list)) else (axis,)
