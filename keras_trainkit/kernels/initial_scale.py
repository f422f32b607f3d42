"""Which initializer fits an activation, and how large its kernels are."""

import math

_HE = ["relu", "relu6", "leaky_relu", "prelu", "rrelu", "elu", "gelu"]
_HE += ["silu", "swish", "mish", "softplus", "celu", "quick_gelu"]
_HE += ["hard_silu", "hard_swish"]
_GLOROT = ["linear", "tanh", "sigmoid", "hard_sigmoid", "softsign", "softmax"]
_GLOROT += ["hard_tanh", "log_softmax"]
_FITTING = (
    dict.fromkeys(_HE, "he_normal")
    | dict.fromkeys(_GLOROT, "glorot_uniform")
    | {"selu": "lecun_normal"}
)
# Variance times fan: of the inputs, or of the mean of inputs and outputs.
_SCALES = {
    "he_normal": (2.0, "fan_in"),
    "glorot_uniform": (1.0, "fan_avg"),
    "lecun_normal": (1.0, "fan_in"),
}
FAMILIES = {
    "he_normal": "He",
    "glorot_uniform": "Glorot",
    "lecun_normal": "LeCun",
}


def fitting_initializer(activation):
    """Returns Keras's name of the initializer derived for an activation.

    Args:
        activation: Keras's name, such as `"relu"`.

    Returns:
        `"he_normal"` for the ReLU family, ELU, GELU, Swish and Mish,
        `"lecun_normal"` for SELU, `"glorot_uniform"` for linear, tanh,
        sigmoid and softmax; hard variants as the functions that they
        approximate; `None` for others.

    Example:

    >>> ktk.kernels.initial_scale.fitting_initializer("gelu")
    'he_normal'

    Reference:

    - [Glorot and Bengio, 2010](
      https://proceedings.mlr.press/v9/glorot10a.html)
    - [He et al., 2015](https://arxiv.org/abs/1502.01852)
    - [Klambauer et al., 2017](https://arxiv.org/abs/1706.02515)
    """
    return _FITTING.get(activation)


def has_initializer():
    """Returns the names of the activations for which one was derived."""
    return sorted(_FITTING)


def leaky_scale(negative_slope):
    """Returns He's variance times fan for a ReLU with a slope below 0.

    `2 / (1 + slope^2)`: the activation passes on `(1 + slope^2) / 2` of the
    mean square of a symmetric signal.

    Args:
        negative_slope: The slope; of several, their root mean square.

    Example:

    >>> ktk.kernels.initial_scale.leaky_scale(1.0)
    1.0

    Reference:

    - [He et al., 2015](https://arxiv.org/abs/1502.01852), equation 15
    """
    return 2.0 / (1.0 + negative_slope**2)


def fixup_factor(branches, depth):
    """Returns what Fixup multiplies the kernels of a residual branch by.

    `L^(-1 / (2m - 2))`, for all but the last kernel of a branch, which is 0.

    Args:
        branches: `L`, the number of residual branches of the network.
        depth: `m`, the number of kernels on a branch; with one there is no
            other to multiply, and the factor is 1.

    Example:

    >>> ktk.kernels.initial_scale.fixup_factor(16, 3)
    0.5

    Reference:

    - [Zhang et al., 2019](https://arxiv.org/abs/1901.09321), section 3
    """
    return 1.0 if depth == 1 else branches ** (-1 / (2 * depth - 2))


def of_variance(scale, mode):
    """Returns which of the three initializers draws with a variance.

    Args:
        scale: Variance times fan.
        mode: `"fan_in"`, `"fan_out"` or `"fan_avg"`.

    Returns:
        A name as `fitting_initializer` returns it, or `None`.

    Example:

    >>> ktk.kernels.initial_scale.of_variance(2.0, "fan_in")
    'he_normal'
    """
    pairs = {pair: name for name, pair in _SCALES.items()}
    return pairs.get((float(scale), mode))


def drawn_rms(name, fan_in, fan_out):
    """Returns the root mean square of what an initializer draws.

    Args:
        name: As `fitting_initializer` returns it.
        fan_in: Weights that lead into a unit.
        fan_out: Weights that lead out of an input.

    Example:

    >>> ktk.kernels.initial_scale.drawn_rms("he_normal", 50, 10)
    0.2
    """
    scale, mode = _SCALES[name]
    fan = fan_in if mode == "fan_in" else (fan_in + fan_out) / 2
    return math.sqrt(scale / fan)
