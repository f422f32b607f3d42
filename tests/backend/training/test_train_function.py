import keras
import numpy as np
import pytest

from keras_trainkit.backend.training.kept_steps import forget_compiled_steps
from keras_trainkit.backend.training.train_function import rebuild
from tests.helpers.models import linear_model
from tests.helpers.models import regression_data

X, Y = regression_data(32)


def trained():
    model = linear_model()
    model.compile(keras.optimizers.SGD(0.1), "mse")
    model.fit(X, Y, batch_size=16, verbose=0)
    return model


class Zero(keras.constraints.Constraint):
    def __call__(self, w):
        return w * 0


def test_a_rebuilt_step_sees_a_new_constraint():
    model = trained()
    model.layers[0].kernel.constraint = Zero()
    rebuild(model)
    model.fit(X, Y, batch_size=16, verbose=0)
    np.testing.assert_array_equal(model.get_weights()[0], 0.0)


def test_the_model_keeps_no_trace_of_the_rebuilding():
    model = trained()
    rebuild(model)
    assert "train_step" not in model.__dict__


def test_a_step_that_the_user_put_on_the_instance_stays():
    model = trained()
    own = model.train_step
    model.__dict__["train_step"] = own
    rebuild(model)
    assert model.__dict__["train_step"] is own


def test_evaluate_after_equal_shapes_swapped_their_flags():
    x = keras.Input((8,))
    a, b = keras.layers.Dense(8, name="a"), keras.layers.Dense(8, name="b")
    model = keras.Model(x, b(a(x)))
    b.trainable = False
    model.compile("sgd", "mse")
    y = np.repeat(Y, 8, axis=1)
    before = model.evaluate(X, y, verbose=0)
    a.trainable, b.trainable = False, True
    forget_compiled_steps(model)
    after = model.evaluate(X, y, verbose=0)
    assert after == pytest.approx(before, rel=1e-6)
