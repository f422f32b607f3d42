import keras
import pytest

import keras_trainkit as ktk
from keras_trainkit.kernels.initial_scale import fitting_initializer
from keras_trainkit.kernels.initial_scale import has_initializer

pytestmark = pytest.mark.one_backend

L = keras.layers
FAMILIES = {
    "HeNormal": ["relu", "relu6", "elu", "gelu", "swish", "silu", "mish"],
    "GlorotUniform": ["linear", "tanh", "sigmoid", "softmax", "hard_tanh"],
    "LecunNormal": ["selu"],
}
LAYERS = {
    "an activation": (L.ELU(), "HeNormal"),
    "by name": (L.Activation("tanh"), "GlorotUniform"),
    "a dense layer": (L.Dense(3, "selu"), "LecunNormal"),
    "without activation": (L.Conv2D(3, 3), "GlorotUniform"),
    "wrapped": (L.TimeDistributed(L.Dense(3, "gelu")), "HeNormal"),
    "parametric": (L.PReLU(), "HeNormal"),
    "bounded": (L.ReLU(max_value=6), "HeNormal"),
    "a function": (keras.activations.mish, "HeNormal"),
}
SLOPES = {
    "the function": ("leaky_relu", 0.2),
    "the layer": (L.LeakyReLU(), 0.3),
    "a layer's own": (L.LeakyReLU(0.1), 0.1),
    "ReLU with a slope": (L.ReLU(negative_slope=0.5), 0.5),
    "in a layer": (L.Dense(3, L.LeakyReLU(0.4)), 0.4),
    "parametric": (
        L.PReLU(alpha_initializer=keras.initializers.Constant(0.25)),
        0.25,
    ),
    # E s^2 = (0 + 0 + 0.09) / 3
    "randomised": (ktk.layers.RReLU(0.0, 0.3), 0.03**0.5),
}


@pytest.mark.parametrize(
    ("family", "name"),
    [(family, name) for family in FAMILIES for name in FAMILIES[family]],
)
def test_the_family_of_each_name(family, name):
    assert type(ktk.initializers.for_activation(name)).__name__ == family


@pytest.mark.parametrize("case", LAYERS)
def test_layers_and_functions(case):
    activation, family = LAYERS[case]
    found = ktk.initializers.for_activation(activation)
    assert type(found).__name__ == family


@pytest.mark.parametrize("case", SLOPES)
def test_a_known_slope_has_its_own_gain(case):
    activation, slope = SLOPES[case]
    found = ktk.initializers.for_activation(activation)
    assert type(found) is ktk.initializers.HeLeaky
    assert found.negative_slope == pytest.approx(slope)
    assert found.scale == pytest.approx(2 / (1 + slope**2))


@pytest.mark.parametrize("name", has_initializer())
def test_it_is_what_the_check_of_models_expects(name):
    found = ktk.initializers.for_activation(name)
    expected = keras.initializers.get(fitting_initializer(name))
    assert found.mode == expected.mode
    # A slope of 0.2 is 4 %.
    assert found.scale == pytest.approx(expected.scale, rel=0.04)


def test_seeds_are_handed_on():
    assert ktk.initializers.for_activation("relu", seed=5).seed == 5
    assert ktk.initializers.for_activation("leaky_relu", seed=5).seed == 5


@pytest.mark.parametrize(
    "activation",
    ["exponential", "squared_relu", L.BatchNormalization(), lambda x: x],
    ids=str,
)
def test_an_activation_without_one_is_refused(activation):
    with pytest.raises(ValueError, match="lsuv"):
        ktk.initializers.for_activation(activation)


@pytest.mark.parametrize("activation", [3, None, L.ReLU], ids=str)
def test_what_is_no_activation_is_refused(activation):
    with pytest.raises(TypeError, match="a function, or a layer"):
        ktk.initializers.for_activation(activation)
