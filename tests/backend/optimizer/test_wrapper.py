import keras
import numpy as np
import pytest

from keras_trainkit.backend.optimizer.wrapper import OptimizerWrapper
from tests.helpers.arrays import to_numpy


class Through(OptimizerWrapper):
    """Leaves everything to the inner optimizer."""

    def apply(self, grads, trainable_variables=None):
        self.build_if_needed(trainable_variables or [])
        self.inner_optimizer.apply(grads, trainable_variables)


def built(inner):
    optimizer = Through(inner)
    optimizer.build([keras.Variable(np.ones(2, "float32"))])
    return optimizer


# What Keras's constructor of optimizers sets, from its signature: one that is
# new would be the wrapper's own.
SETTINGS = {
    "learning_rate": 0.3,
    "weight_decay": 0.2,
    "clipnorm": 0.5,
    "global_clipnorm": 0.5,
    "clipvalue": 0.5,
    "use_ema": True,
    "ema_momentum": 0.7,
    "ema_overwrite_frequency": 3,
    "loss_scale_factor": 2.0,
    "gradient_accumulation_steps": 2,
}


def test_the_settings_are_those_of_keras():
    bare = keras.optimizers.Adam().get_config()
    own = {"name", "beta_1", "beta_2", "epsilon", "amsgrad"}
    assert set(bare) - own == set(SETTINGS)


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_are_read_and_written_through(name):
    value, inner = SETTINGS[name], keras.optimizers.Adam()
    optimizer = Through(inner)
    setattr(optimizer, name, value)
    assert float(getattr(inner, name)) == pytest.approx(float(value))
    assert float(getattr(optimizer, name)) == pytest.approx(float(value))


def test_it_has_no_variables_of_its_own():
    optimizer = built(keras.optimizers.Adam(use_ema=True))
    inner = optimizer.inner_optimizer.variables
    assert list(map(id, optimizer.variables)) == list(map(id, inner))
    assert len(inner) == 2 + 3


def test_the_slots_are_made_once():
    inner = keras.optimizers.Adam(use_ema=True, gradient_accumulation_steps=2)
    optimizer = built(inner)
    for name in ("_model_variables_moving_average", "_accumulated_gradients"):
        (slot,) = getattr(inner, name)
        assert any(slot is variable for variable in optimizer.variables)


def test_what_neither_has_is_an_attribute_error():
    with pytest.raises(AttributeError, match="nonsense"):
        _ = Through(keras.optimizers.Adam()).nonsense


def test_weights_are_set_and_the_loss_is_scaled_by_the_inner_one():
    optimizer = built(keras.optimizers.SGD(loss_scale_factor=4.0))
    optimizer.set_weights([np.array(7), np.array(0.25)])
    assert int(optimizer.iterations) == 7
    assert float(optimizer.inner_optimizer.learning_rate) == 0.25
    assert float(optimizer.scale_loss(2.0)) == 8.0


def test_averages_become_the_weights_at_the_end():
    optimizer = Through(keras.optimizers.SGD(0.5, use_ema=True))
    variable = keras.Variable(np.ones(2, "float32"))
    gradient = keras.ops.ones((2,))
    for _ in range(2):
        optimizer.apply([gradient], [variable])
    optimizer.finalize_variable_values([variable])
    np.testing.assert_allclose(
        to_numpy(variable), 0.99 * 0.5 + 0.01 * 0.0, rtol=1e-6
    )
