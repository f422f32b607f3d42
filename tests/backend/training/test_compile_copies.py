"""What another model of the same outputs is compiled with."""

import keras
import pytest

from keras_trainkit.backend.training.compile_copies import compile_like
from tests.helpers.models import linear_model

pytestmark = pytest.mark.one_backend


class Tuned(keras.optimizers.SGD):
    """Has a setting that its configuration leaves out."""

    def __init__(self, learning_rate=0.1, sharpness=1.0):
        super().__init__(learning_rate)
        self.sharpness = sharpness

    def get_config(self):
        return {"learning_rate": float(self.learning_rate)}


class Around(Tuned):
    pass


def compiled_like(optimizer, around=None):
    model, other = linear_model(), linear_model()
    other.compile(optimizer, "mse")
    pairs = zip(other.variables, model.variables, strict=True)
    copies = {id(a): (a, b) for a, b in pairs}
    compile_like(model, other, copies, around)
    return model.optimizer


def test_settings_outside_of_the_configuration_are_kept():
    assert compiled_like(Tuned(0.25, sharpness=3.0)).sharpness == 3
    assert float(compiled_like(Tuned(0.25)).learning_rate) == 0.25


def test_what_is_put_around_is_inside_of_what_scales_the_loss():
    scaled = keras.optimizers.LossScaleOptimizer(Tuned())
    found = compiled_like(scaled, lambda optimizer: Around())
    assert isinstance(found, keras.optimizers.LossScaleOptimizer)
    assert type(found.inner_optimizer) is Around
    assert type(compiled_like(Tuned(), lambda one: Around())) is Around
