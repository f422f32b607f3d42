import keras
import pytest

from keras_trainkit.backend.training.kept_steps import forget_compiled_steps
from keras_trainkit.backend.training.kept_steps import kept_steps
from tests.helpers.models import linear_model
from tests.helpers.models import regression_data
from tests.helpers.traces import QUICK

X, Y = regression_data(32)


@pytest.fixture
def model():
    model = linear_model()
    model.compile(keras.optimizers.SGD(0.1), "mse", **QUICK)
    fit(model)
    return model


def fit(model):
    model.fit(X, Y, batch_size=16, verbose=0)


def kept(model, constants="a"):
    steps = kept_steps(model)
    step = steps.make(0)
    steps.keep(constants, step)
    return step


def test_a_step_is_found_by_its_constants(model):
    step = kept(model)
    assert kept_steps(model).find("a") is step
    assert kept_steps(model).find("b") is None


def test_a_step_that_is_made_is_not_yet_in_use(model):
    plain = model.train_function
    assert kept(model).function is not plain
    assert model.train_function is plain


def test_the_latest_eight_stay(model):
    steps = kept_steps(model)
    made = [kept(model, name) for name in "abcdefgh"]
    assert steps.find("a") is made[0]
    kept(model, "i")
    assert steps.find("a") is made[0]
    assert steps.find("b") is None


def test_the_plain_step_is_found_again(model):
    steps = kept_steps(model)
    steps.put_plain_anew()
    before = model.train_function
    model.layers[0].bias.trainable = False
    steps.put_plain_anew()
    assert model.train_function is not before
    model.layers[0].bias.trainable = True
    kept_steps(model).put_plain_anew()
    assert model.train_function is before


def test_a_step_is_not_kept_over_the_building_of_its_optimizer():
    model = linear_model()
    model.compile(keras.optimizers.SGD(0.1), "mse", **QUICK)
    kept_steps(model).put_plain_anew()
    before = model.train_function
    fit(model)
    kept_steps(model).put_plain_anew()
    assert model.train_function is not before


def by_keras(model):
    model.make_train_function(force=True)


def by_compile(model):
    model.compile(model.optimizer, "mse", **QUICK)


@pytest.mark.parametrize("make", [by_keras, by_compile, forget_compiled_steps])
def test_all_is_forgotten_when_someone_makes_the_step_anew(model, make):
    kept(model)
    make(model)
    assert kept_steps(model).find("a") is None
    fit(model)


class Zero(keras.constraints.Constraint):
    def __call__(self, w):
        return w * 0


def test_a_model_that_forgot_sees_a_new_constraint(model):
    kept(model)
    model.layers[0].kernel.constraint = Zero()
    forget_compiled_steps(model)
    fit(model)
    assert (model.get_weights()[0] == 0.0).all()


def test_what_was_never_made_stays_unmade():
    model = linear_model()
    model.compile("sgd", "mse")
    forget_compiled_steps(model)
    assert model.train_function is None
    assert model.test_function is None
    assert model.predict_function is None


def test_a_model_never_compiled_is_fine():
    model = linear_model()
    forget_compiled_steps(model)
    assert model.train_function is None
