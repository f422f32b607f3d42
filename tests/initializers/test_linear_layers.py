import keras
import numpy as np
import pytest

from keras_trainkit.initializers.linear_layers import drawn_kernels
from keras_trainkit.initializers.linear_layers import is_linear
from keras_trainkit.initializers.linear_layers import linear_kernels

pytestmark = pytest.mark.one_backend

L = keras.layers
# What a unit sums over, by hand.
FANS = {
    "dense": (L.Dense(400), (None, 50), [50]),
    "convolution": (L.Conv2D(64, 3), (None, 8, 8, 16), [144]),
    "transposed": (L.Conv2DTranspose(16, 3), (None, 8, 8, 64), [576]),
    "depthwise": (L.DepthwiseConv2D(3), (None, 8, 8, 512), [9]),
    "separable": (L.SeparableConv1D(64, 4), (None, 9, 256), [4, 256]),
    "einsum, units of two axes": (
        L.EinsumDense("abc,cde->abde", (None, 8, 16)),
        (None, 3, 64),
        [64],
    ),
    "einsum, inputs of two axes": (
        L.EinsumDense("abde,dec->abc", (None, 64)),
        (None, 3, 8, 16),
        [128],
    ),
    "wrapped": (L.TimeDistributed(L.Dense(200)), (None, 3, 50), [50]),
}


def built(layer, shape):
    if not layer.built:
        layer.build(shape)
    return layer


@pytest.mark.parametrize("kind", FANS)
def test_kernels_are_drawn_by_their_true_fans(kind):
    layer, shape, fans = FANS[kind]
    values = drawn_kernels(
        built(layer, shape), lambda: keras.initializers.HeNormal(seed=0)
    )
    kernels = linear_kernels(layer)
    assert [v.shape for v in values] == [tuple(k.shape) for k in kernels]
    assert [v.std() for v in values] == pytest.approx(
        [np.sqrt(2 / fan) for fan in fans], rel=0.05
    )


def test_the_axes_of_an_einsum_kernel_are_where_they_were():
    layer = built(L.EinsumDense("abde,cde->abc", (None, 5)), (None, 2, 3, 4))
    (drawn,) = drawn_kernels(layer, lambda: rising)
    # Drawn as (inputs, units): the units, the first axis, lie next to it.
    np.testing.assert_array_equal(
        drawn, np.arange(60.0).reshape(3, 4, 5).transpose(2, 0, 1)
    )


def rising(shape, dtype=None):
    return np.arange(np.prod(shape), dtype=dtype).reshape(shape)


def with_lora():
    layer = built(L.Dense(3), (None, 4))
    layer.enable_lora(1)
    return layer


@pytest.mark.parametrize(
    ("make", "linear", "count"),
    [
        (lambda: built(L.SeparableConv1D(3, 2), (None, 4, 2)), True, 2),
        (with_lora, True, 0),
        (lambda: L.LSTM(2), False, None),
        (lambda: L.BatchNormalization(), False, None),
    ],
    ids=["two kernels", "LoRA", "recurrent", "normalisation"],
)
def test_which_layers_and_kernels_count(make, linear, count):
    layer = make()
    assert is_linear(layer) is linear
    if linear:
        assert len(linear_kernels(layer)) == count
