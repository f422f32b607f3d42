import keras
import pytest

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

    def step(self, function, args):
        self.steps += 1
        return function(*args)


@pytest.fixture
def model():
    model = linear_model()
    model.compile(keras.optimizers.SGD(0.1), "mse")
    fit(model)
    return model


def fit(model):
    model.fit(X, Y, batch_size=16, verbose=0)


def test_the_chosen_step_runs_under_its_owner(model):
    owner = Owner(model)
    assert not owner.functions.installed()
    owner.functions.choose("a")
    assert owner.functions.installed()
    before = model.get_weights()[0]
    fit(model)
    assert owner.steps == 2
    assert (model.get_weights()[0] != before).all()


def test_constants_that_come_again_find_their_step(model):
    owner, chosen = Owner(model), []
    for constants in ("a", "b", "a", "b"):
        owner.functions.choose(constants)
        chosen.append(model.train_function)
    assert chosen[:2] == chosen[2:]
    assert chosen[0] is not chosen[1]


def test_what_is_forgotten_is_made_anew(model):
    owner = Owner(model)
    owner.functions.choose("a")
    before = model.train_function
    owner.functions.forget()
    owner.functions.choose("a")
    assert model.train_function is not before


def test_a_step_is_made_past_the_stand_in_which_stays(model):
    owner = Owner(model)
    owner.functions.choose("a")
    assert owner.asked == []
    model.make_train_function(True)
    assert owner.asked == [True]


@pytest.mark.parametrize("chosen", [True, False])
def test_nothing_of_it_stays(model, chosen):
    owner = Owner(model)
    if chosen:
        owner.functions.choose("a")
    owner.functions.uninstall()
    assert not owner.functions.installed()
    assert "make_train_function" not in vars(model)
    fit(model)
    assert owner.steps == 0
