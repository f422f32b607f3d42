"""Gated linear units against torch and float64, and what is no half."""

import keras
import numpy as np
import pytest

from keras_trainkit.kernels.gated_linear import GATES
from keras_trainkit.kernels.gated_linear import gated
from keras_trainkit.kernels.gated_linear import halved
from tests.helpers.arrays import to_numpy
from tests.helpers.eager_gradient import gradients

X = np.random.default_rng(0).normal(size=(3, 4, 6)).astype("float32") * 2
AXES = [-1, 1]


def sigmoid64(x):
    return 0.5 * (1 + np.tanh(0.5 * x))


def gelu64(x):
    from math import erf

    return 0.5 * x * (1 + np.vectorize(erf)(x / np.sqrt(2)))


IN_FLOAT64 = {
    "sigmoid": sigmoid64,
    "swish": lambda x: x * sigmoid64(x),
    "gelu": gelu64,
    "relu": lambda x: np.maximum(x, 0),
    "linear": lambda x: x,
}


def gated64(x, gate, axis):
    a, b = np.split(x, 2, axis=axis)
    return a * IN_FLOAT64[gate](b)


def gradient64(x, gate, axis, step=1e-6):
    a, b = np.split(x, 2, axis=axis)
    function = IN_FLOAT64[gate]
    slope = (function(b + step) - function(b - step)) / (2 * step)
    return np.concatenate([function(b), a * slope], axis=axis)


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("gate", GATES)
def test_values_and_gradients_are_those_of_float64(gate, axis):
    wide = X.astype("float64")
    y = to_numpy(gated(X, gate, axis))
    np.testing.assert_allclose(y, gated64(wide, gate, axis), 1e-5, 1e-6)
    (found,) = gradients(lambda x: gated(x, gate, axis), X)
    expected = gradient64(wide, gate, axis)
    np.testing.assert_allclose(found, expected, 1e-4, 1e-5)


@pytest.mark.parametrize("gate", GATES)
def test_values_and_gradients_are_torchs(gate):
    torch = pytest.importorskip(
        "torch", reason="torch oracle: torch is not installed"
    )
    functions = {
        "sigmoid": torch.sigmoid,
        "swish": torch.nn.functional.silu,
        "gelu": torch.nn.functional.gelu,
        "relu": torch.relu,
        "linear": lambda x: x,
    }
    x = torch.tensor(X, requires_grad=True)
    if gate == "sigmoid":
        theirs = torch.nn.functional.glu(x)
    else:
        a, b = x.chunk(2, dim=-1)
        theirs = a * functions[gate](b)
    theirs.sum().backward()
    np.testing.assert_allclose(
        to_numpy(gated(X, gate)), theirs.detach().numpy(), 1e-5, 1e-6
    )
    (found,) = gradients(lambda x: gated(x, gate), X)
    np.testing.assert_allclose(found, x.grad.numpy(), 1e-4, 1e-5)


@pytest.mark.parametrize("gate", GATES)
@pytest.mark.parametrize("axis", AXES)
def test_symbolic_tensors_of_unknown_size(gate, axis):
    shape = (None, None, 6)
    assert gated(keras.Input(shape[1:]), gate, axis).shape == halved(
        shape, axis
    )


@pytest.mark.one_backend
def test_an_odd_axis_has_no_halves():
    assert halved((None, 4, 3), 1) == (None, 2, 3)
    assert halved((None, None), -1) == (None, None)
    with pytest.raises(ValueError, match=r"even size along axis -1.*\(2, 3\)"):
        halved((2, 3), -1)
