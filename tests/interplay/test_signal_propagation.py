"""What becomes of signals and gradients through 50 layers.

Kernels are drawn by the initializers; the network is NumPy.
"""

import functools

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from keras_trainkit.kernels.initial_scale import leaky_scale
from keras_trainkit.kernels.signal_propagation import gradient_ratio
from keras_trainkit.kernels.signal_propagation import signals
from tests.helpers.arrays import to_numpy

pytestmark = pytest.mark.one_backend

DENSE, CONVOLUTIONS = 50, 20
WIDTH, CHANNELS, ROWS = 512, 64, 32
LOWEST, HIGHEST = 0.3, 3.0
# The deviation that He's initializer draws with.
HE = (2 / WIDTH) ** 0.5
SELU = 1.0507009873554805, 1.6732632423543772


def selu(z):
    return SELU[0] * np.where(z > 0, z, SELU[1] * np.expm1(np.minimum(z, 0)))


def sigmoid(z):
    return 0.5 * (1 + np.tanh(z / 2))


FUNCTIONS = {
    "linear": lambda z: z,
    "relu": lambda z: np.maximum(z, 0),
    "leaky_relu": lambda z: np.where(z > 0, z, 0.2 * z),
    "elu": lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))),
    "selu": selu,
    "swish": lambda z: z * sigmoid(z),
    "tanh": np.tanh,
    "sigmoid": sigmoid,
}


def slope(function, z):
    z = z.astype("float64")
    return (function(z + 1e-4) - function(z - 1e-4)) / 2e-4


@functools.cache
def drawn(name, activation, windows):
    """Returns kernels for 50 dense layers, or for 20 of windows.

    A new initializer for each: one alone draws the same again.
    """
    keras.utils.set_random_seed(0)
    shape, count = (WIDTH, WIDTH), DENSE
    if windows:
        shape, count = (3, 3, CHANNELS, CHANNELS), CONVOLUTIONS
    if name == "fitting":
        make = functools.partial(ktk.initializers.for_activation, activation)
    else:
        make = functools.partial(keras.initializers.get, name)
    return [to_numpy(make()(shape)) for _ in range(count)]


class Network:
    """A chain of equal layers: kernels are matrices, or of windows."""

    def __init__(self, activation, name="fitting", windows=False, factor=1.0):
        self.function = FUNCTIONS[activation]
        family = activation if name == "fitting" else None
        found = drawn(name, _TABLE.get(family, family), windows)
        self.kernels = [one * np.float32(factor) for one in found]
        self.inputs = (4, 6, 6, CHANNELS) if windows else (ROWS, WIDTH)

    def stds(self, mean=0.0, std=1.0):
        """Returns the deviations behind each layer, and of its gradient."""
        rng = np.random.default_rng(0)
        h = rng.normal(mean, std, self.inputs).astype("float32")
        outputs, slopes = [], []
        for kernel in self.kernels:
            z = _times(h, kernel)
            h = self.function(z)
            outputs.append(h)
            slopes.append(slope(self.function, z))
        back = rng.normal(size=h.shape)
        gradients = [back.std()]
        for kernel, one in zip(self.kernels[:0:-1], slopes[:0:-1], strict=True):
            back = _back(back * one, kernel)
            gradients.append(back.std())
        self.last = h
        roots = [np.sqrt((one**2).mean()) for one in outputs]
        return np.array(roots), np.array(gradients[::-1])


def _times(h, kernel):
    if kernel.ndim == 2:
        return h @ kernel
    # The borders meet, so that every window is full.
    return sum(
        np.roll(h, (1 - i, 1 - j), (1, 2)) @ kernel[i, j]
        for i in range(3)
        for j in range(3)
    )


def _back(gradient, kernel):
    if kernel.ndim == 2:
        return gradient @ kernel.T
    return sum(
        np.roll(gradient, (i - 1, j - 1), (1, 2)) @ kernel[i, j].T
        for i in range(3)
        for j in range(3)
    )


# Of one family; drawn once.
_TABLE = {"swish": "relu", "elu": "relu", "tanh": "linear"}


def stays(values):
    return values.min() > LOWEST and values.max() < HIGHEST


# Those for which the theory keeps both, at any depth.
KEPT = ["linear", "relu", "leaky_relu"]


@pytest.mark.parametrize("windows", [False, True], ids=["dense", "windows"])
@pytest.mark.parametrize("activation", KEPT)
def test_signals_and_gradients_stay(activation, windows):
    outputs, gradients = Network(activation, windows=windows).stds()
    assert stays(outputs) and stays(gradients)


@pytest.mark.parametrize("windows", [False, True], ids=["dense", "windows"])
@pytest.mark.parametrize(
    ("mean", "std"), [(0.0, 1.0), (0.5, 1.5), (0.0, 0.3)], ids=str
)
def test_selu_comes_to_mean_0_and_variance_1(mean, std, windows):
    network = Network("selu", windows=windows)
    outputs, _ = network.stds(mean, std)
    assert stays(outputs[5:])
    assert network.last.mean() == pytest.approx(0, abs=0.1)
    assert network.last.var() == pytest.approx(1, abs=0.15)


SCALES = {"tanh": 1.0, "elu": 2.0, "swish": 2.0, "selu": 1.0, "relu": 2.0}


@pytest.mark.parametrize("activation", SCALES)
def test_the_recommended_do_as_the_theory_says(activation):
    depth = 20
    network = Network(activation)
    network.kernels = network.kernels[:depth]
    outputs, gradients = network.stds()
    gain = SCALES[activation] ** 0.5
    layers = [(gain, gain, activation)] * depth
    np.testing.assert_allclose(outputs, signals(layers), rtol=0.35)
    assert gradients[0] / gradients[-1] == pytest.approx(
        gradient_ratio(layers), rel=0.5
    )


def test_he_without_the_gain_grows_behind_a_leaky_relu():
    grown, _ = Network("leaky_relu", "he_normal").stds()
    kept, _ = Network("leaky_relu").stds()
    gain = (2 / leaky_scale(0.2)) ** (DENSE / 2)
    assert grown[-1] / kept[-1] == pytest.approx(gain, rel=0.4)


# Activation, initializer, factor, what leaves the range.
WARNED = {
    "ReLU, Glorot": ("relu", "glorot_uniform", 1.0, "signals"),
    "ReLU, N(0, 0.01)": ("relu", "he_normal", 0.01 / HE, "signals"),
    "ReLU, N(0, 0.1)": ("relu", "he_normal", 0.1 / HE, "signals"),
    "SELU, He": ("selu", "he_normal", 1.0, "signals"),
    "tanh, N(0, 1)": ("tanh", "he_normal", 1.0 / HE, "gradients"),
    "sigmoid, Glorot": ("sigmoid", "glorot_uniform", 1.0, "gradients"),
    "sigmoid, N(0, 1)": ("sigmoid", "he_normal", 1.0 / HE, "gradients"),
    "Swish, He, plain": ("swish", "he_normal", 1.0, "signals"),
}


@pytest.mark.parametrize("pair", WARNED)
def test_what_the_books_warn_of_leaves_the_range(pair):
    activation, name, factor, what = WARNED[pair]
    outputs, gradients = Network(activation, name, factor=factor).stds()
    values = outputs if what == "signals" else gradients
    assert not stays(values)
    # By far, and by the first or the last layer.
    worst = max(float(values.max()), 1 / max(float(values.min()), 1e-300))
    assert worst > 10
