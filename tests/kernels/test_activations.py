"""RReLU's arithmetic against NumPy, torch and its own laws."""

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from keras_trainkit.kernels.activations import rrelu
from keras_trainkit.kernels.activations import slopes_from_bits
from tests.helpers.arrays import to_numpy

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
