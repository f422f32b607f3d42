"""How signals and gradients change from layer to layer at the start.

The mean-field view of a wide network with random weights: what arrives at a
unit is normally distributed, so one number per layer, its standard deviation,
tells how signals go on, and another how gradients come back.
"""

import math

import numpy as np

_SELU_SCALE, _SELU_ALPHA = 1.0507009873554805, 1.6732632423543772
# keras/src/activations/activations.py: the slope of `leaky_relu` below 0.
_LEAKY_SLOPE = 0.2
_GRID = np.linspace(-8.0, 8.0, 1602)
_WEIGHTS = np.exp(-0.5 * _GRID**2) / np.exp(-0.5 * _GRID**2).sum()
_STEP = 1e-4
# Far beyond what trains; above it a float64 exponential may overflow.
_LARGEST = 1e6


def _sigmoid(x):
    return 0.5 * (1 + np.tanh(0.5 * x))


def _softplus(x):
    return np.logaddexp(0, x)


def _elu(x):
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


def _gelu(x):
    inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)
    return 0.5 * x * (1 + np.tanh(inner))


_FUNCTIONS = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "relu6": lambda x: np.clip(x, 0, 6),
    "leaky_relu": lambda x: np.where(x > 0, x, _LEAKY_SLOPE * x),
    "prelu": lambda x: np.where(x > 0, x, 0.0),
    "elu": _elu,
    "selu": lambda x: _SELU_SCALE * np.where(x > 0, x, _SELU_ALPHA * _elu(x)),
    "gelu": _gelu,
    "silu": lambda x: x * _sigmoid(x),
    "mish": lambda x: x * np.tanh(_softplus(x)),
    "softplus": _softplus,
    "tanh": np.tanh,
    "sigmoid": _sigmoid,
    "hard_sigmoid": lambda x: np.clip(x / 6 + 0.5, 0, 1),
    "softsign": lambda x: x / (1 + np.abs(x)),
}
_FUNCTIONS["swish"] = _FUNCTIONS["silu"]
_FUNCTIONS["quick_gelu"] = lambda x: x * _sigmoid(1.702 * x)
_FUNCTIONS["squared_relu"] = lambda x: np.maximum(x, 0) ** 2


def is_known(activation):
    """Whether `activation` is the name of one whose moments are known."""
    return activation in _FUNCTIONS


def activation_moments(activation, std):
    """Returns how an activation passes on a normal signal and its gradient.

    `rms = sqrt(E f(z)^2)` and `slope = sqrt(E f'(z)^2)` for `z ~ N(0, std^2)`,
    by summation over a grid.

    Args:
        activation: A name for which `is_known` is true.
        std: Standard deviation of what goes into it.

    Returns:
        Tuple of two floats.

    Example:

    >>> from keras_trainkit.kernels.signal_propagation import (
    ...     activation_moments,
    ... )
    >>> rms, slope = activation_moments("relu", 1.0)
    >>> round(rms, 3), round(slope, 3)
    (0.707, 0.707)

    Reference:

    - [Schoenholz et al., 2017](https://arxiv.org/abs/1611.01232), section 2
    """
    function = _FUNCTIONS[activation]
    points = min(std, _LARGEST) * _GRID
    step = _STEP * max(1e-6, min(std, 1.0))
    slopes = (function(points + step) - function(points - step)) / (2 * step)
    rms = math.sqrt(float((_WEIGHTS * function(points) ** 2).sum()))
    return rms, math.sqrt(float((_WEIGHTS * slopes**2).sum()))


def signals(layers, start=1.0):
    """Returns the size of the signal behind each layer of a chain.

    Args:
        layers: Sequence of `(gain_in, gain_out, activation)`: the root mean
            square of the kernel times the root of how many weights lead into
            a unit, and of how many lead out of an input; and the name of the
            activation behind it.
        start: Root mean square of what goes into the first. Defaults to
            `1.0`, that of standardised inputs.

    Returns:
        List of floats: the root mean square behind each activation.

    Example:

    >>> from keras_trainkit.kernels.signal_propagation import signals
    >>> [round(one, 3) for one in signals([(1, 1, "relu")] * 3)]
    [0.707, 0.5, 0.354]
    """
    found = []
    for gain_in, _, activation in layers:
        start, _ = activation_moments(activation, gain_in * start)
        found.append(start)
    return found


def gradient_ratio(layers, start=1.0):
    """Returns the first layer's gradient over that of the last one.

    It is the product over the layers of `slope * gain_out` of the next layer:
    well below 1 it vanishes on its way back, far above 1 it explodes.

    Args:
        layers: As for `signals`.
        start: As for `signals`.

    Returns:
        A float: the root mean square of the gradient behind the first
        layer's kernel, over that behind the last one's.

    Example:

    >>> from keras_trainkit.kernels.signal_propagation import gradient_ratio
    >>> round(gradient_ratio([(1, 1, "sigmoid")] * 5), 5)
    0.00277
    """
    ratio = 1.0
    for place, (gain_in, _, activation) in enumerate(layers[:-1]):
        start, slope = activation_moments(activation, gain_in * start)
        ratio *= slope * layers[place + 1][1]
    return ratio
