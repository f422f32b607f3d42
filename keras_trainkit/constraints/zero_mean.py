"""`ZeroMean`: weights that sum to zero."""

import keras

from keras_trainkit.kernels import norms
from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value


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
        axes = axis if isinstance(axis, (tuple, list)) else (axis,)
        expected = "an integer or a non-empty tuple of integers"
        if any(isinstance(a, bool) or not isinstance(a, int) for a in axes):
            raise bad_type("axis", axis, expected)
        if not axes:
            raise bad_value("axis", axis, expected)
        self.axis = axis

    def __call__(self, w):
        """Returns `w` less its mean along `axis`.

        Args:
            w: Variable or floating-point tensor.

        Returns:
            A tensor of `w`'s shape and dtype.

        Raises:
            ValueError: If `w` does not have such an axis.
        """
        axis = self.axis
        axes = tuple(axis) if isinstance(axis, (tuple, list)) else (axis,)
        rank = len(w.shape)
        if any(not -rank <= a < rank for a in axes):
            raise bad_value(
                "axis",
                axis,
                f"axes of the weight, which has shape {tuple(w.shape)}",
            )
        return norms.zero_mean(w, axes)

    def get_config(self):
        """Returns the arguments of the constructor."""
        return {"axis": self.axis}
