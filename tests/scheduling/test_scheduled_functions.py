from functools import partial

import keras
import numpy as np
import pytest

from keras_trainkit.scheduling.ownership import Claim
from keras_trainkit.scheduling.scheduled_functions import ScheduledFunctions
from tests.helpers.models import linear_model
from tests.helpers.models import regression_data

X, Y = regression_data(32)


class Owner:
    """Counts the steps that were run under it; its stand-in makes none."""

    def __init__(self, model):
        self.steps, self.asked = 0, []
        self.functions = ScheduledFunctions(model, self.step, self.make)

    def make(self, force=False):
        self.asked.append(force)

    def step(self, step, args):
        self.steps += 1
        return step(args)


@pytest.fixture
def model():
    model = linear_model()
    model.compile(keras.optimizers.SGD(0.1), "mse")
    fit(model)
    return model


def fit(model):
    model.fit(X, Y, batch_size=16, verbose=0)


def at(height, position, xp, dtype):
    return position * height


def claims(height):
    return [Claim("Owner", "learning_rate", None, partial(at, height))]


def test_the_chosen_step_runs_under_its_owner(model):
    owner = Owner(model)
    assert not owner.functions.installed()
    owner.functions.choose(claims(1.0))
    assert owner.functions.installed()
    before = model.get_weights()[0]
    fit(model)
    assert owner.steps == 2
    assert (model.get_weights()[0] != before).all()


def test_equal_curves_find_their_step(model):
    owner = Owner(model)
    one, other, again = (
        owner.functions.choose(claims(height)) for height in (1.0, 2.0, 1.0)
    )
    assert again is one
    assert other is not one


def test_a_later_run_finds_what_was_kept(model):
    owner = Owner(model)
    step = owner.functions.choose(claims(1.0))
    owner.functions.keep(step)
    owner.functions.uninstall()
    assert Owner(model).functions.choose(claims(1.0)) is step


def changed_settings(model):
    model.optimizer.clipnorm = 1.0


def changed_flag(model):
    model.layers[0].bias.trainable = False


def compiled(model):
    model.compile(model.optimizer, "mae")


def made_by_hand(model):
    model.make_train_function(force=True)


@pytest.mark.parametrize(
    "change", [changed_settings, changed_flag, compiled, made_by_hand]
)
def test_a_later_run_of_a_changed_model_does_not(model, change):
    owner = Owner(model)
    step = owner.functions.choose(claims(1.0))
    owner.functions.keep(step)
    owner.functions.uninstall()
    change(model)
    assert Owner(model).functions.choose(claims(1.0)) is not step


def test_a_train_step_of_this_run_alone_is_not_kept(model):
    owner = Owner(model)
    own = model.train_step
    model.__dict__["train_step"] = lambda *args: own(*args)
    step = owner.functions.choose(claims(1.0))
    owner.functions.keep(step)
    assert Owner(model).functions.choose(claims(1.0)) is not step


def test_what_is_forgotten_is_made_anew(model):
    owner = Owner(model)
    before = owner.functions.choose(claims(1.0))
    owner.functions.forget()
    assert owner.functions.choose(claims(1.0)) is not before


def test_without_claims_it_is_the_models_own_step(model):
    plain, owner = model.train_function, Owner(model)
    step = owner.functions.choose([])
    assert step.function is plain
    assert step.acts


def test_a_step_is_made_past_the_stand_in_which_stays(model):
    owner = Owner(model)
    owner.functions.choose(claims(1.0))
    assert owner.asked == []
    model.make_train_function(True)
    assert owner.asked == [True]


@pytest.mark.parametrize("chosen", [True, False])
def test_nothing_of_it_is_left_in_use(model, chosen):
    plain, owner = model.train_function, Owner(model)
    if chosen:
        owner.functions.choose(claims(1.0))
    owner.functions.uninstall()
    assert model.train_function is plain
    assert "make_train_function" not in vars(model)
    fit(model)
    assert owner.steps == 0


def test_where_the_model_has_changed_its_step_is_made_anew(model):
    plain, owner = model.train_function, Owner(model)
    owner.functions.choose(claims(1.0))
    owner.functions.renew()
    owner.functions.choose(claims(1.0))
    owner.functions.uninstall()
    assert model.train_function not in (plain, None)
    before = np.copy(model.get_weights()[0])
    fit(model)
    assert (model.get_weights()[0] != before).all()
