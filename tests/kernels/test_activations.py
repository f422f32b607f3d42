"""Activations as arithmetic, against NumPy, torch and their own laws."""

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from keras_trainkit.kernels.activations import rrelu
from keras_trainkit.kernels.activations import slopes_from_bits
from keras_trainkit.kernels.activations import squared_relu
from keras_trainkit.kernels.activations import swish
from tests.helpers.arrays import to_numpy
from tests.helpers.eager_gradient import gradients

FINITE = st.floats(-100, 100, width=32, allow_subnormal=False)
UNIT = st.floats(0, 1, width=32, allow_subnormal=False)


def arrays(elements, size=6):
    return hnp.arrays("float32", (size,), elements=elements)


def expected(x, slopes):
    return np.where(x > 0, x, x * slopes)


def assert_same(actual, desired):
    """Equal, but for products below the normal numbers: XLA makes them 0."""
    tiny = np.finfo("float32").tiny
    np.testing.assert_allclose(to_numpy(actual), desired, rtol=0, atol=tiny)


def gradient(function, x):
    """The gradient of `sum(function(x))`, from one compiled SGD step."""

    class Weights(keras.layers.Layer):
        def build(self, _):
            self.x = self.add_weight(
                shape=x.shape,
                initializer=lambda *_, **__: keras.ops.convert_to_tensor(x),
            )

        def call(self, _):
            return keras.ops.expand_dims(function(self.x), 0)

    model = keras.Sequential([keras.Input((1,)), Weights()])
    model.compile(
        keras.optimizers.SGD(1.0), lambda _, y: keras.ops.sum(y, axis=-1)
    )
    model.train_on_batch(np.zeros((1, 1)), np.zeros((1, 1)))
    return x - model.get_weights()[0]


@given(arrays(FINITE), arrays(st.floats(-3, 3, width=32)))
@settings(max_examples=50)
def test_values_equal_numpy(x, slopes):
    assert_same(rrelu(x, slopes), expected(x, slopes))


@given(arrays(FINITE), arrays(UNIT))
@settings(max_examples=50)
def test_the_short_cut_for_the_unit_interval_changes_nothing(x, slopes):
    assert_same(rrelu(x, slopes, unit=True), expected(x, slopes))


@given(arrays(FINITE))
@settings(max_examples=20)
def test_laws(x):
    x[np.abs(x) < 1e-30] = 0  # a quarter of it may be no normal number
    np.testing.assert_array_equal(to_numpy(rrelu(x, 1.0)), x)
    np.testing.assert_array_equal(to_numpy(rrelu(x, 0.0)), np.maximum(x, 0))
    y = to_numpy(rrelu(x, 0.25))
    np.testing.assert_array_equal(np.sign(y), np.sign(x))


@pytest.mark.parametrize("kind", ["int32", "uint8", "bool"])
def test_integers_become_floats_first(kind):
    x = np.array([-3, 0, 1]).astype(kind)
    y = rrelu(x, 0.25)
    assert keras.backend.is_float_dtype(y.dtype)
    assert_same(y, expected(x.astype("float32"), np.float32(0.25)))


@pytest.mark.parametrize("unit", [False, True])
def test_what_is_not_finite(unit):
    x = np.array([np.nan, np.inf, -np.inf], "float32")
    y = to_numpy(rrelu(x, 0.5, unit=unit))
    np.testing.assert_array_equal(y, x)


@pytest.mark.parametrize("unit", [False, True])
def test_the_gradient_is_the_slope_at_0_and_below(unit):
    x = np.array([-2.0, 0.0, 0.0, 4.0], "float32")
    slopes = np.array([0.25, 0.5, 0.125, 0.25], "float32")
    found = gradient(lambda x: rrelu(x, slopes, unit=unit), x)
    np.testing.assert_allclose(found, [0.25, 0.5, 0.125, 1.0], rtol=1e-6)


def test_the_gradient_reaches_the_slopes():
    x = np.array([-2.0, 0.0, 4.0], "float32")
    slopes = np.array([0.25, 0.25, 0.25], "float32")
    found = gradient(lambda slopes: rrelu(x, slopes), slopes)
    np.testing.assert_allclose(found, [-2.0, 0.0, 0.0], rtol=1e-6)


@pytest.mark.parametrize("bounds", [(0.125, 1 / 3), (-0.5, 0.5), (0.5, 2.0)])
def test_values_and_gradients_are_torchs(bounds):
    torch = pytest.importorskip(
        "torch", reason="torch oracle: torch is not installed"
    )
    values = np.random.default_rng(0).normal(size=200).astype("float32")
    values[:3] = 0.0
    x = torch.tensor(values, requires_grad=True)
    y = torch.nn.functional.rrelu(x, *bounds, training=True)
    y.sum().backward()
    y, theirs = y.detach().numpy(), x.grad.numpy()
    # At 0 the value hides the slope that was drawn; the gradient shows it.
    slopes = np.where(values < 0, y / np.where(values < 0, values, 1), theirs)
    np.testing.assert_allclose(to_numpy(rrelu(values, slopes)), y, rtol=1e-6)
    ours = gradient(lambda x: rrelu(x, slopes), values)
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_the_product_is_rounded_once(dtype):
    x = keras.ops.cast(np.linspace(-3, 3, 101), dtype)
    product = expected(to_numpy(x).astype("float32"), np.float32(0.2291667))
    y = rrelu(x, 0.2291667)
    wanted = keras.ops.cast(product, dtype)
    assert y.dtype == wanted.dtype
    np.testing.assert_array_equal(to_numpy(y), to_numpy(wanted))


def test_symbolic_tensors():
    x = keras.Input((None, 3))
    assert rrelu(x, 0.25).shape == (None, None, 3)


def test_slopes_are_cut_from_both_halves_of_the_bits():
    # As 16-bit numbers: the smallest, the largest, 0 and -1.
    words = np.array([-(2**15), 2**15 - 1, 0, -1], "int16")
    bits = words.view("int32").reshape(-1, 1)
    found = to_numpy(slopes_from_bits(bits, (2, 2), 0.0, 65536.0))
    assert sorted(found.ravel()) == [0.5, 32767.5, 32768.5, 65535.5]


@given(
    st.lists(st.integers(-(2**31), 2**31 - 1), min_size=3, max_size=3),
    st.floats(-2, 2),
    st.floats(0, 2),
)
@settings(max_examples=50)
def test_slopes_keep_their_bounds(words, lower, width):
    bits = np.array(words, "int32").reshape(-1, 1)
    found = to_numpy(slopes_from_bits(bits, (5,), lower, lower + width))
    assert found.shape == (5,)
    slack = 1e-6 * (abs(lower) + width)
    assert (found >= lower - slack).all()
    assert (found <= lower + width + slack).all()


POINTS = np.concatenate([np.linspace(-6, 6, 49), [-100.0, 100.0]])
BETAS = [-1.0, 0.0, 1.0, 1.702]
SMOOTH = {
    "squared_relu": (squared_relu, lambda x: np.maximum(x, 0) ** 2),
    **{
        f"swish {beta}": (
            lambda x, beta=beta: swish(x, beta),
            lambda x, beta=beta: _swish64(x, beta),
        )
        for beta in BETAS
    },
}


def _swish64(x, beta):
    return x * 0.5 * (1 + np.tanh(0.5 * beta * x))


def differences(function, x, step=1e-6):
    """Central differences in float64."""
    return (function(x + step) - function(x - step)) / (2 * step)


@pytest.mark.parametrize("name", SMOOTH)
def test_values_and_gradients_are_those_of_float64(name):
    ours, theirs = SMOOTH[name]
    x = POINTS.astype("float32")
    wide = x.astype("float64")
    np.testing.assert_allclose(to_numpy(ours(x)), theirs(wide), 2e-6, 1e-6)
    (found,) = gradients(ours, x)
    np.testing.assert_allclose(found, differences(theirs, wide), 1e-5, 1e-5)


def test_the_gradient_of_beta_is_that_of_float64():
    x, beta = POINTS.astype("float32"), np.linspace(-2, 2, 51, dtype="float32")
    _, found = gradients(swish, x, beta)
    wide = x.astype("float64")
    expected = differences(lambda b: _swish64(wide, b), beta.astype("float64"))
    np.testing.assert_allclose(found, expected, 1e-5, 1e-5)


@pytest.mark.parametrize("beta", BETAS)
def test_swish_is_torchs_silu_of_beta_x_over_beta(beta):
    torch = pytest.importorskip(
        "torch", reason="torch oracle: torch is not installed"
    )
    x = torch.tensor(POINTS, dtype=torch.float32, requires_grad=True)
    scaled = torch.nn.functional.silu(x * beta) / beta if beta else x / 2
    scaled.sum().backward()
    y = to_numpy(swish(POINTS.astype("float32"), beta))
    np.testing.assert_allclose(y, scaled.detach().numpy(), 2e-6, 1e-6)
    (found,) = gradients(lambda x: swish(x, beta), POINTS)
    np.testing.assert_allclose(found, x.grad.numpy(), 1e-5, 1e-5)


@pytest.mark.parametrize("name", SMOOTH)
def test_gradients_in_float16_far_out_are_finite(name):
    function, theirs = SMOOTH[name]
    x = np.array([-1e4, -1e3, -40.0, 0.0, 40.0, 1e3, 1e4])
    (found,) = gradients(function, x, dtype="float16")
    np.testing.assert_allclose(found, differences(theirs, x), 2e-3, 1e-3)


def test_the_gradient_of_beta_in_float16_far_out_is_finite():
    x = np.array([-1e4, -1e3, 0.0, 1e3, 1e4])
    _, found = gradients(swish, x, np.ones(5), dtype="float16")
    np.testing.assert_array_equal(found, 0)


@given(arrays(FINITE))
@settings(max_examples=20)
def test_laws_of_swish(x):
    close = {"rtol": 1e-6, "atol": 1e-6}
    y = to_numpy(swish(x, 1.5))
    # f(x) - f(-x) = x, and f lies between 0 and x where x is positive.
    np.testing.assert_allclose(y - to_numpy(swish(-x, 1.5)), x, 1e-5, 1e-5)
    assert (y[x >= 0] <= x[x >= 0]).all() and (y[x >= 0] >= 0).all()
    np.testing.assert_allclose(to_numpy(swish(x, 0.0)), x / 2, **close)


@pytest.mark.parametrize("function", [swish, squared_relu])
def test_integers_are_squashed_as_floats_are(function):
    x = np.array([-3, 0, 2])
    y = function(x.astype("int32"))
    assert keras.backend.is_float_dtype(y.dtype)
    expected = to_numpy(function(x.astype("float32")))
    np.testing.assert_array_equal(to_numpy(y), expected)


@pytest.mark.parametrize("beta", [2.0, np.ones(51, "float32")], ids=str)
def test_the_dtype_is_that_of_x_whatever_beta_is(beta):
    y = swish(keras.ops.cast(POINTS, "float16"), beta)
    assert keras.backend.standardize_dtype(y.dtype) == "float16"
