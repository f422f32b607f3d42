"""The initializer that was derived for an activation."""

import keras

from keras_trainkit.initializers.he_leaky import HeLeaky
from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.initial_scale import fitting_initializer
from keras_trainkit.kernels.initial_scale import has_initializer
from keras_trainkit.models.kinds import activation_of
from keras_trainkit.models.kinds import core_of
from keras_trainkit.models.kinds import snake_case

# keras/src/activations/activations.py: the slope of the function `leaky_relu`.
_FUNCTION_SLOPE = 0.2
_CLASSES = {
    "he_normal": keras.initializers.HeNormal,
    "glorot_uniform": keras.initializers.GlorotUniform,
    "lecun_normal": keras.initializers.LecunNormal,
}


def for_activation(activation, seed=None):
    """Returns the initializer for a kernel that an activation follows.

    Glorot's keeps the variance of signals and gradients for linear units,
    tanh, sigmoid and softmax; He's for ReLU and what behaves like it: leaky,
    parametric and randomised ReLU, ELU, GELU, Swish, Mish and hard Swish; and
    LeCun's lets SELU normalise itself. Keras's default is Glorot's for every
    layer. Where the slope below 0 is known He's is `HeLeaky`, so that signals
    keep their size exactly.

    `diagnostics.check_model` judges initializers by the same table.

    Args:
        activation: The name of an activation, such as `"relu"`; a function,
            such as `keras.activations.gelu`; or a layer: an activation, such
            as `keras.layers.LeakyReLU(0.1)`, or one that has an activation,
            such as `keras.layers.Dense(10, "tanh")`.
        seed: Integer or `keras.random.SeedGenerator`. Defaults to `None`:
            drawn, by Keras's global seed.

    Returns:
        A `keras.Initializer`. Make one for each layer: an initializer of
        Keras's returns equal values whenever it is called with equal shapes.

    Raises:
        ValueError: If none was derived for this activation, as for
            `"squared_relu"` or `"exponential"`.
        TypeError: If `activation` is none of the above.

    Example:

    >>> def name_of(activation):
    ...     return type(ktk.initializers.for_activation(activation)).__name__
    >>> [name_of(one) for one in ("tanh", "relu", "swish", "selu")]
    ['GlorotUniform', 'HeNormal', 'HeNormal', 'LecunNormal']
    >>> leaky = keras.layers.LeakyReLU(negative_slope=0.1)
    >>> ktk.initializers.for_activation(leaky).negative_slope
    0.1

    Reference:

    - [Glorot and Bengio, 2010](
      https://proceedings.mlr.press/v9/glorot10a.html)
    - [He et al., 2015](https://arxiv.org/abs/1502.01852)
    - [Klambauer et al., 2017](https://arxiv.org/abs/1706.02515)
    """
    name = _name_of(activation)
    fitting = fitting_initializer(name)
    if fitting is None:
        raise bad_value(
            "activation",
            activation,
            "an activation for which an initializer was derived: "
            + ", ".join(has_initializer()),
            "For any other, `initializers.lsuv` scales the kernels by data.",
        )
    slope = _slope_of(activation, name)
    if slope:
        return HeLeaky(slope, distribution="truncated_normal", seed=seed)
    return _CLASSES[fitting](seed=seed)


def _name_of(activation):
    if isinstance(activation, str):
        return activation
    if isinstance(activation, keras.Layer):
        own = snake_case(type(core_of(activation)).__name__)
        return activation_of(activation) or own
    if callable(activation) and not isinstance(activation, type):
        return getattr(activation, "__name__", type(activation).__name__)
    raise bad_type(
        "activation", activation, "the name of one, a function, or a layer"
    )


def _slope_of(activation, name):
    """Returns the root mean square of an activation's slopes below 0."""
    if not isinstance(activation, keras.Layer):
        return _FUNCTION_SLOPE if name == "leaky_relu" else 0.0
    layer = core_of(activation)
    # A layer may have another as its activation, or a function.
    inner = getattr(layer, "activation", None)
    layer = inner if isinstance(inner, keras.Layer) else layer
    if name in ("relu", "leaky_relu"):
        fixed = _FUNCTION_SLOPE if name == "leaky_relu" else 0.0
        return float(getattr(layer, "negative_slope", fixed))
    if name == "prelu":
        return float(getattr(layer.alpha_initializer, "value", 0.0))
    if name == "rrelu":
        low, high = layer.lower, layer.upper
        return ((low * low + low * high + high * high) / 3) ** 0.5
    return 0.0
