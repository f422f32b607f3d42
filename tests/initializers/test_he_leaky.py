import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from tests.helpers.arrays import to_numpy

SHAPE = 400, 300


def torch_draw(name, slope, mode):
    torch = pytest.importorskip(
        "torch", reason="torch oracle: torch is not installed"
    )
    torch.manual_seed(0)
    # torch keeps kernels as (outputs, inputs).
    weight = torch.empty(SHAPE[::-1])
    getattr(torch.nn.init, f"kaiming_{name}_")(weight, a=slope, mode=mode)
    return weight.numpy().T


@pytest.mark.parametrize("mode", ["fan_in", "fan_out"])
@pytest.mark.parametrize("slope", [0.0, 0.3, 2.0])
@pytest.mark.parametrize(
    ("distribution", "name"),
    [("untruncated_normal", "normal"), ("uniform", "uniform")],
    ids=["normal", "uniform"],
)
def test_its_quantiles_are_torchs(distribution, name, slope, mode):
    draw = ktk.initializers.HeLeaky(slope, distribution, mode, seed=1)(SHAPE)
    theirs = torch_draw(name, slope, mode)
    places = np.linspace(0.02, 0.98, 25)
    np.testing.assert_allclose(
        np.quantile(to_numpy(draw), places),
        np.quantile(theirs, places),
        atol=0.05 * theirs.std(),
    )


@pytest.mark.parametrize("mode", ["fan_in", "fan_out", "fan_avg"])
def test_truncated_it_is_keras_he_normal_over_the_gain(mode):
    ours = ktk.initializers.HeLeaky(0.5, "truncated_normal", mode, seed=3)
    keras_own = keras.initializers.VarianceScaling(
        2.0, mode, "truncated_normal", seed=3
    )
    np.testing.assert_allclose(
        to_numpy(ours(SHAPE)),
        to_numpy(keras_own(SHAPE)) / np.sqrt(1 + 0.5**2),
        rtol=1e-5,
        atol=1e-7,
    )


def test_the_fan_of_a_convolution_counts_its_window():
    kernel = ktk.initializers.HeLeaky(1.0, seed=0)((3, 3, 64, 64))
    assert to_numpy(kernel).std() == pytest.approx(576**-0.5, rel=0.02)


def test_einsum_dense_tells_its_axes():
    layer = keras.layers.EinsumDense(
        "abc,cde->abde",
        (None, 4, 5),
        kernel_initializer=ktk.initializers.HeLeaky(1.0, seed=0),
    )
    plain = keras.layers.EinsumDense(
        "abc,cde->abde",
        (None, 4, 5),
        kernel_initializer=keras.initializers.VarianceScaling(
            1.0, "fan_in", "untruncated_normal", seed=0
        ),
    )
    for one in (layer, plain):
        one.build((None, 3, 64))
    np.testing.assert_array_equal(
        to_numpy(layer.kernel), to_numpy(plain.kernel)
    )


@pytest.mark.parametrize("seed", [None, 7], ids=str)
def test_it_survives_serialisation(seed):
    initializer = ktk.initializers.HeLeaky(
        np.float32(0.25), "uniform", "fan_avg", seed
    )
    again = keras.initializers.deserialize(
        keras.initializers.serialize(initializer)
    )
    assert type(again) is ktk.initializers.HeLeaky
    assert again.get_config() == initializer.get_config()


@pytest.mark.one_backend
@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("0.2",), TypeError),
        ((float("nan"),), ValueError),
        ((True,), TypeError),
        ((0.2, "normal"), ValueError),
        ((0.2, "uniform", "fan"), ValueError),
        ((0.2, "uniform", None), TypeError),
    ],
    ids=str,
)
def test_bad_arguments(arguments, error):
    with pytest.raises(error, match="must be"):
        ktk.initializers.HeLeaky(*arguments)
