"""`IncomingMaxNorm`: a ball for each unit's incoming weights."""

import math

import keras

from keras_trainkit.backend.optimizer.averages import project_averages
from keras_trainkit.kernels import norms
from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_choice
from keras_trainkit.kernels.argument_checks import require_integer
from keras_trainkit.kernels.argument_checks import require_number

_ATTENTION = "attention"
_KERNELS = (*norms.LAYOUTS, _ATTENTION)

# Names of the projections inside keras/src/layers/attention/
# multi_head_attention.py and grouped_query_attention.py, with the axes of
# their kernels (dim, heads, head_dim) and (heads, head_dim, dim).
_PROJECTIONS = {
    "query": (0,),
    "key": (0,),
    "value": (0,),
    "gate": (0,),
    "attention_output": (0, 1),
}


@keras.saving.register_keras_serializable(package="keras_trainkit")
class IncomingMaxNorm(keras.constraints.Constraint):
    """Keeps the norm of each unit's incoming weight vector at most r.

    The max-norm regulariser of Srivastava et al., made for dropout and high
    learning rates: after each step, every vector `v` of weights that lead to
    one unit is scaled back onto the ball of radius r if it has left it.

    `v <- v * min(1, r / ||v||_2)`

    `keras.constraints.MaxNorm` needs the right `axis` by hand; its default,
    0, is right for `Dense` only. Here the layout of the kernel gives the axes.
    To set it on every kernel of a model, use `constrain(model, max_norm=r)`.

    Vectors inside the ball stay bit-identical. Norms of float16 and bfloat16
    weights are computed in float32. NaN and infinity stay as they are.

    Args:
        max_value: Positive float, r. Defaults to `2.0`.
        kernel: Layout of the kernel. Defaults to `"standard"`.
            - `"standard"`, `(..., in, out)`: `Dense`, `Conv1D/2D/3D`,
              recurrent layers, pointwise kernels. The norm is over all axes
              but the last.
            - `"depthwise"`, `(..., in, multiplier)`: `DepthwiseConv1D/2D`
              and depthwise kernels. Over the axes of space only.
            - `"transposed"`, `(..., out, in)`: `Conv1D/2D/3DTranspose`. Over
              all axes but the second to last.
            - `"attention"`: as the one `kernel_constraint` of
              `MultiHeadAttention` or `GroupQueryAttention`, whose projections
              have two layouts, distinguished by the path of the variable.
            - a tuple or list of axes, for any other layout, such as that of
              an `EinsumDense`: the axes that the equation sums over.

    Raises:
        TypeError: If `max_value` is no number or `kernel` neither a string
            nor integers.
        ValueError: If `max_value` is not positive and finite, or `kernel`
            unknown. At the first call: if the weight has too few axes for
            the layout, such as a bias.

    Example:

    >>> constraint = ktk.constraints.IncomingMaxNorm(1.0)
    >>> w = constraint(keras.ops.array([[3.0, 0.3], [4.0, 0.4]]))
    >>> [round(float(v), 4) for v in keras.ops.norm(w, axis=0)]
    [1.0, 0.5]

    Reference:

    - [Srivastava et al., 2014: Dropout](
      https://jmlr.org/papers/v15/srivastava14a.html), section 5.1
    """

    def __init__(self, max_value=2.0, kernel="standard"):
        require_number(
            "max_value",
            max_value,
            "a positive finite number",
            lambda value: 0 < value < math.inf,
        )
        _require_kernel(kernel)
        self.max_value = max_value
        self.kernel = kernel
        project_averages(self)

    def __call__(self, w):
        """Returns `w` with every incoming vector inside the ball.

        Args:
            w: Variable or floating-point tensor, a kernel.

        Returns:
            A tensor of `w`'s shape and dtype.

        Raises:
            ValueError: If `w` does not have the layout that was named.
        """
        return norms.max_norm(w, self.max_value, self.axes(w))

    def get_config(self):
        """Returns the arguments of the constructor."""
        return {"max_value": self.max_value, "kernel": self.kernel}

    def axes(self, w):
        """Returns the axes of `w` over which the norm is taken.

        Args:
            w: Variable or tensor, a kernel.

        Returns:
            A tuple of non-negative integers.

        Raises:
            ValueError: If `w` does not have the layout that was named.
        """
        rank = len(w.shape)
        if self.kernel == _ATTENTION:
            return _projection_axes(w)
        if isinstance(self.kernel, str):
            return norms.incoming_axes(self.kernel, rank)
        return norms.axes_of(w, self.kernel, "kernel")


def _require_kernel(kernel):
    if isinstance(kernel, str):
        require_choice("kernel", kernel, _KERNELS)
    elif isinstance(kernel, (tuple, list)):
        for axis in kernel:
            require_integer("kernel", axis)
    else:
        raise bad_type(
            "kernel", kernel, f"one of {_KERNELS} or a tuple of axes"
        )


def _projection_axes(w):
    # Only the path tells a square query kernel from a square output kernel.
    path = getattr(w, "path", "")
    projection = path.split("/")[-2] if "/" in path else None
    if projection not in _PROJECTIONS:
        raise bad_value(
            "path of the weight",
            path,
            f"that of a kernel under one of {tuple(_PROJECTIONS)} for "
            '`kernel="attention"`',
            "Give this constraint to `MultiHeadAttention` or "
            "`GroupQueryAttention` only, and first in a `Chain`: the later "
            "ones receive a tensor, which has no path.",
        )
    return _PROJECTIONS[projection]
