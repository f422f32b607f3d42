from keras_trainkit.scheduling.active_fit import active_fit
from keras_trainkit.scheduling.active_fit import enter
from keras_trainkit.scheduling.active_fit import leave
from tests.helpers.models import linear_model


class Run:
    dead = settled = False

    def over(self):
        return self.dead

    def settle(self):
        self.settled = True


def test_a_model_is_in_the_run_that_it_entered():
    model, run = linear_model(), Run()
    assert active_fit(model) is None
    enter(model, run)
    assert active_fit(model) is run
    assert leave(model, run)
    assert active_fit(model) is None


def test_a_run_that_has_died_is_settled():
    model, run = linear_model(), Run()
    enter(model, run)
    run.dead = True
    assert active_fit(model) is None
    assert run.settled


def test_only_its_own_run_is_left():
    model, run = linear_model(), Run()
    enter(model, run)
    assert not leave(model, Run())
    assert active_fit(model) is run
