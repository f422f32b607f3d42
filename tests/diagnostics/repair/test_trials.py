import datetime
import math

import numpy as np
import pytest

from keras_trainkit.diagnostics.repair.trials import Budget
from keras_trainkit.diagnostics.repair.trials import Trial

pytestmark = pytest.mark.one_backend
RNG = np.random.default_rng(0)


def trial(*scores, rows=None):
    credits = [np.full(50, one) if rows is None else rows for one in scores]
    return Trial("", scores=list(scores), credits=credits)


def test_mean_spread_and_cost():
    one = Trial("", scores=[0.2, 0.4], seconds=[1.0, 3.0])
    assert one.mean == pytest.approx(0.3)
    assert one.spread == pytest.approx(0.2 / math.sqrt(2))
    assert one.cost == 2.0
    assert math.isnan(Trial("").mean)


def test_the_noise_is_that_of_seeds_and_rows():
    fixed, before = RNG.random(50), RNG.random(50)
    one, unchanged = trial(0.8, 0.6, rows=fixed), trial(0.3, 0.3, rows=before)
    one.compare(unchanged, noiseless=False)
    seeds = 2 * 0.1
    rows = 2 * (fixed - before).std(ddof=1) / math.sqrt(50)
    assert one.gain == pytest.approx(0.4)
    assert one.noise == pytest.approx(math.hypot(seeds, rows))
    one.compare(unchanged, noiseless=True)
    assert one.noise == pytest.approx(seeds)


HELPED = {
    "beyond the noise": ((0.9, 0.88), (0.5, 0.52), True),
    "within it": ((0.9, 0.4), (0.5, 0.6), False),
    "less": ((0.3, 0.3), (0.5, 0.5), False),
    "one seed": ((0.9,), (0.5, 0.5), False),
    "what could not be trained": ((0.1, 0.1), (), True),
    "what cannot": ((), (0.5, 0.5), False),
}


@pytest.mark.parametrize(
    ("scores", "others", "helped"), HELPED.values(), ids=HELPED
)
def test_whether_it_helped(scores, others, helped):
    one = trial(*scores)
    one.compare(trial(*others), noiseless=True)
    assert one.helped is helped


def test_trainings_are_counted():
    budget = Budget(5, 4)
    budget.spend(99.0)
    assert budget.left == 4
    assert budget.ends is None


def test_no_training_begins_that_would_not_end_in_time():
    budget = Budget(datetime.timedelta(seconds=1000), 4)
    assert budget.left == 1
    budget.spend(300.0)
    assert budget.left == 3
    budget.spend(5000.0)
    assert budget.left == 0


WRONG = {
    "too few": (3, ValueError),
    "seconds": (60.0, TypeError),
    "a flag": (True, TypeError),
    "no time": (datetime.timedelta(0), ValueError),
}


@pytest.mark.parametrize(("budget", "error"), WRONG.values(), ids=WRONG)
def test_other_budgets_are_refused(budget, error):
    with pytest.raises(error, match="budget"):
        Budget(budget, 4)
