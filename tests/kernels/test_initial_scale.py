import keras
import numpy as np
import pytest

from keras_trainkit.kernels import initial_scale

pytestmark = pytest.mark.one_backend


@pytest.mark.parametrize(
    "activation, name",
    [
        ("relu", "he_normal"),
        ("mish", "he_normal"),
        ("selu", "lecun_normal"),
        ("tanh", "glorot_uniform"),
        ("softmax", "glorot_uniform"),
        ("my_own", None),
        (None, None),
    ],
)
def test_each_activation_has_the_initializer_derived_for_it(activation, name):
    assert initial_scale.fitting_initializer(activation) == name


@pytest.mark.parametrize("name", list(initial_scale.FAMILIES))
def test_sizes_are_those_that_keras_draws(name):
    initializer = keras.initializers.get(name)
    drawn = keras.ops.convert_to_numpy(initializer((300, 200)))
    rms = initial_scale.drawn_rms(name, 300, 200)
    assert rms == pytest.approx(np.sqrt((drawn**2).mean()), rel=0.02)
    assert (
        initial_scale.of_variance(initializer.scale, initializer.mode) == name
    )


def test_other_variances_are_no_ones():
    assert initial_scale.of_variance(1.0, "fan_out") is None
