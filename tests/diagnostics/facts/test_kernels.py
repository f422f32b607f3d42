import keras
import numpy as np
import pytest

from keras_trainkit.diagnostics.facts.kernels import initial_rms
from keras_trainkit.diagnostics.facts.network import Network

L = keras.layers


def kernels(*layers, inputs=(6, 8)):
    return Network(keras.Sequential([keras.Input(inputs), *layers])).kernels


@pytest.mark.parametrize(
    "layer, inputs, name, fan_in, fan_out",
    [
        (L.Dense(5), (8,), "kernel", 8, 5),
        (L.TimeDistributed(L.Dense(5)), (6, 8), "kernel", 8, 5),
        (L.Conv2D(5, 3), (6, 6, 2), "kernel", 18, 45),
        (L.Conv2D(5, 4, strides=2), (6, 6, 2), "kernel", 32, 20),
        (L.Conv2DTranspose(5, 4, strides=2), (6, 6, 2), "kernel", 8, 20),
        (L.DepthwiseConv2D(3), (6, 6, 2), "kernel", 9, 9),
        (L.Bidirectional(L.GRU(4)), (6, 8), "kernel", 8, 12),
    ],
)
def test_fans_count_the_weights_into_a_unit_and_out_of_an_input(
    layer, inputs, name, fan_in, fan_out
):
    first = kernels(layer, inputs=inputs)[0]
    assert (first.fan_in, first.fan_out) == (fan_in, fan_out)
    assert first.path == layer.name


def test_sizes_are_those_of_the_values():
    dense = L.Dense(4)
    (one,) = kernels(dense)
    values = keras.ops.convert_to_numpy(dense.kernel)
    assert one.rms == pytest.approx(np.sqrt((values**2).mean()), rel=1e-5)
    assert one.gain_in == pytest.approx(one.rms * np.sqrt(8))
    assert one.constant is None and one.initializer_name == "GlorotUniform"


@pytest.mark.one_backend
@pytest.mark.parametrize(
    "name, shape",
    [
        ("glorot_normal", (200, 100)),
        ("he_uniform", (3, 3, 50, 40)),
        ("lecun_normal", (200, 100)),
        ("random_normal", (200, 100)),
        ("truncated_normal", (200, 100)),
        ("random_uniform", (200, 100)),
        ("orthogonal", (200, 100)),
    ],
)
def test_the_size_that_an_initializer_draws_with_is_known(name, shape):
    initializer = keras.initializers.get(name)
    drawn = keras.ops.convert_to_numpy(initializer(shape))
    expected = np.sqrt((drawn**2).mean())
    assert initial_rms(initializer, shape) == pytest.approx(expected, rel=0.03)


@pytest.mark.one_backend
def test_an_initializer_of_ones_own_has_no_known_size():
    assert initial_rms(keras.initializers.Zeros(), (2, 2)) is None


@pytest.mark.parametrize(
    "bias, untrained",
    [(np.zeros(4), True), (np.ones(4), True), (np.arange(4.0), False)],
)
def test_a_bias_tells_whether_its_kernel_was_trained(bias, untrained):
    dense = L.Dense(4)
    model = keras.Sequential([keras.Input((8,)), dense])
    dense.bias.assign(bias)
    assert Network(model).kernels[0].untrained == untrained


def test_one_bias_is_plain_only_at_its_first_values():
    dense = L.Dense(1)
    model = keras.Sequential([keras.Input((8,)), dense])
    dense.bias.assign([0.3])
    assert not Network(model).kernels[0].untrained


@pytest.mark.parametrize("factor, untrained", [(1.0, True), (3.0, False)])
def test_without_biases_the_initializer_tells(factor, untrained):
    dense = L.Dense(40, use_bias=False)
    model = keras.Sequential([keras.Input((80,)), dense])
    dense.kernel.assign(factor * keras.ops.convert_to_numpy(dense.kernel))
    assert Network(model).kernels[0].untrained == untrained


def test_what_is_not_trained_by_itself_is_left_out():
    dense = L.Dense(4)
    model = keras.Sequential([keras.Input((8,)), dense])
    dense.enable_lora(2)
    assert Network(model).kernels == []
