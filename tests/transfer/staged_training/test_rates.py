"""The rate of each stage, and the cycle it is the peak of."""

import keras
import numpy as np
import pytest

from keras_trainkit.schedules import OneCycle as Schedule
from keras_trainkit.transfer.staged_training import rates
from keras_trainkit.tuning import LearningRateSearch
from tests.helpers.models import linear_model
from tests.helpers.models import regression_data

X, Y = regression_data(32)


def test_a_cycle_begins_with_its_stage():
    model = linear_model()
    model.compile(keras.optimizers.SGD(0.01), "mse")
    cycle = rates.OneCycleOfStage(0.1, first_epoch=3)
    model.fit(
        X,
        Y,
        batch_size=8,
        initial_epoch=3,
        epochs=5,
        verbose=0,
        callbacks=[cycle],
    )
    expected = Schedule(0.1, 8)
    theirs = [float(expected(step)) for step in range(8)]
    ours = cycle.trace()["learning_rate"]
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)


FALLS = 1 / (1 + np.geomspace(1e-5, 1.0, 51) / 1e-3)
SEARCHES = {
    "the first": (FALLS, None, "search", None),
    "below that of the head": (FALLS, 1.0, "search", None),
    "above that of the head": (FALLS, 1e-9, "head", 1e-9),
    "no fall": (np.ones(51), 0.5, "head", 0.05),
}


def searching(monkeypatch, losses):
    search = LearningRateSearch(np.geomspace(1e-5, 1.0, 51), losses)
    monkeypatch.setattr(rates, "find_learning_rate", lambda *_, **__: search)
    return search


@pytest.mark.one_backend
@pytest.mark.parametrize("case", SEARCHES)
def test_the_rate_follows_from_the_search(case, monkeypatch):
    losses, head_rate, origin, expected = SEARCHES[case]
    search = searching(monkeypatch, losses)
    rate, from_where, kept = rates.searched_rate(None, {}, head_rate)
    assert (from_where, kept) == (origin, search)
    wanted = search.suggestion() if expected is None else expected
    assert rate == pytest.approx(wanted)


@pytest.mark.one_backend
def test_a_search_for_the_head_that_finds_nothing_is_an_error(monkeypatch):
    searching(monkeypatch, np.ones(51))
    with pytest.raises(ValueError, match="learning_rate='auto'"):
        rates.searched_rate(None, {}, None)
