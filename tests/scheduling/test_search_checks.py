"""What a search refuses, and that it says what was expected and received."""

import keras
import numpy as np
import pytest

from keras_trainkit.scheduling import search_checks as checks
from tests.helpers.models import linear_model


def test_a_finite_first_loss_is_fine():
    assert checks.refuse_first_loss(1e30) is None


@pytest.mark.parametrize("loss", [np.float32("nan"), -np.inf])
def test_a_first_loss_that_is_not_finite_is_refused(loss):
    with pytest.raises(ValueError, match=f"Received: {loss}. No learning rate"):
        checks.refuse_first_loss(loss)


RAN_OUT = {
    "at once": (0, "at least one batch .* Received: data without any"),
    "later": (5, "`steps` must be at most 5: the data ran out there"),
}


@pytest.mark.parametrize("made, message", RAN_OUT.values(), ids=RAN_OUT)
def test_data_that_runs_out_says_how_far_it_went(made, message):
    with pytest.raises(ValueError, match=message):
        raise checks.data_ran_out(8, made)


def test_a_flag_that_changes_is_seen():
    model = linear_model()
    held = checks.HeldFlags(model, "TheFinder")
    held.check()
    model.layers[-1].trainable = False
    with pytest.raises(ValueError, match="in a `fit` with TheFinder"):
        held.check()
    model.layers[-1].trainable = True
    held.check()


COUNTS = {
    "nothing trains": (False, "nothing is trainable"),
    "another count": (True, "It counts 0 where 1 are expected"),
}


@pytest.mark.parametrize("trains, message", COUNTS.values(), ids=COUNTS)
def test_a_count_that_is_not_the_batches_is_explained(trains, message):
    model = linear_model()
    model.trainable = trains
    with pytest.raises(ValueError, match=message):
        checks.refuse_count(model, 0, 1, "TheFinder")


def test_one_step_a_call_is_enough():
    model = linear_model()
    model.compile(keras.optimizers.SGD(), "mse")
    assert checks.refuse_several_steps_a_call(model, "TheFinder") is None
    model.steps_per_execution = 2
    with pytest.raises(ValueError, match="must be 1 in a `fit` with TheFinder"):
        checks.refuse_several_steps_a_call(model, "TheFinder")


def test_a_model_in_no_fit_has_no_schedule():
    assert checks.refuse_other_schedules(linear_model()) is None
