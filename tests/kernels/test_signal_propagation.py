import keras
import numpy as np
import pytest

from keras_trainkit import activations
from keras_trainkit.kernels import signal_propagation as kernel

pytestmark = pytest.mark.one_backend

NAMES = [
    "relu",
    "relu6",
    "leaky_relu",
    "elu",
    "selu",
    "gelu",
    "silu",
    "mish",
    "softplus",
    "tanh",
    "sigmoid",
    "hard_sigmoid",
    "softsign",
    "linear",
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("std", [0.1, 1.0, 5.0])
def test_moments_are_those_of_a_million_draws_through_keras(name, std):
    z = np.random.default_rng(0).normal(0, std, 400_000)
    f = keras.activations.get(name)
    values = keras.ops.convert_to_numpy(f(keras.ops.convert_to_tensor(z)))
    rms, _ = kernel.activation_moments(name, std)
    assert rms == pytest.approx(np.sqrt((values**2).mean()), rel=0.02)


@pytest.mark.parametrize("name", ["quick_gelu", "squared_relu"])
def test_moments_of_ours_are_those_of_many_draws(name):
    z = np.random.default_rng(0).normal(0, 1, 400_000)
    f = getattr(activations, name)
    values = keras.ops.convert_to_numpy(f(keras.ops.convert_to_tensor(z)))
    rms, _ = kernel.activation_moments(name, 1.0)
    assert rms == pytest.approx(np.sqrt((values**2).mean()), rel=0.02)


@pytest.mark.parametrize(
    "name, std, slope",
    [
        ("relu", 3.0, np.sqrt(0.5)),
        ("linear", 2.0, 1.0),
        ("leaky_relu", 1.0, np.sqrt((1 + 0.04) / 2)),
        ("sigmoid", 1e-3, 0.25),
        ("tanh", 1e-3, 1.0),
        ("hard_sigmoid", 1e-3, 1 / 6),
    ],
)
def test_slopes_have_their_closed_forms(name, std, slope):
    assert kernel.activation_moments(name, std)[1] == pytest.approx(
        slope, rel=1e-3
    )


def test_selu_keeps_the_signal_of_lecun_kernels():
    assert kernel.signals([(1, 1, "selu")] * 30)[-1] == pytest.approx(1, 1e-2)


def test_he_keeps_the_signal_and_the_gradient_of_relu():
    layers = [(np.sqrt(2), np.sqrt(2), "relu")] * 30
    assert kernel.signals(layers)[-1] == pytest.approx(1, rel=1e-2)
    assert kernel.gradient_ratio(layers) == pytest.approx(1, rel=1e-2)


@pytest.mark.parametrize("name, gain", [("tanh", 1.0), ("sigmoid", 1.5)])
def test_signals_and_gradients_are_those_of_a_wide_random_network(name, gain):
    rng = np.random.default_rng(1)
    width, depth = 500, 5
    kernels = [
        rng.normal(0, gain / np.sqrt(width), (width, width))
        for _ in range(depth)
    ]
    sigmoid = lambda x: 1 / (1 + np.exp(-x))  # noqa: E731
    f, slope = {
        "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
        "sigmoid": (sigmoid, lambda z: sigmoid(z) * (1 - sigmoid(z))),
    }[name]
    # Weights of mean 0 make each pre-activation N(0, gain^2 E h^2).
    h, zs, sizes = rng.normal(size=(200, width)), [], []
    for w in kernels:
        zs.append(h @ w)
        h = f(zs[-1])
        sizes.append(np.sqrt((h**2).mean()))
    delta = rng.normal(size=(200, width))
    last = np.sqrt((delta**2).mean())
    for w, z in zip(kernels[:0:-1], zs[-2::-1], strict=True):
        delta = slope(z) * (delta @ w.T)
    layers = [(gain, gain, name)] * depth
    assert kernel.signals(layers) == pytest.approx(sizes, rel=0.05)
    measured = np.sqrt((delta**2).mean()) / last
    assert kernel.gradient_ratio(layers) == pytest.approx(measured, rel=0.1)


def test_a_name_that_is_not_known_is_told_from_one_that_is():
    assert kernel.is_known("swish") and not kernel.is_known("my_own")
