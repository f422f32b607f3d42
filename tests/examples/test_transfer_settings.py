import numpy as np
import pytest

from tests.helpers.examples import EXAMPLES
from tests.helpers.examples import load_script

pytestmark = pytest.mark.one_backend
settings = load_script(EXAMPLES / "transfer_settings.py")
LABELS = (1, 10)
# What is planted as best; arms without a factor keep the rate alone.
BEST_RATE = {1: 0.03, 10: 0.3}
BEST_FACTOR = 0.3


@pytest.fixture
def asked():
    return []


@pytest.fixture
def chosen(asked):
    def accuracy(arm, labels, rate, factor):
        asked.append((arm, labels, rate, factor))
        miss = abs(np.log(rate / BEST_RATE[labels]))
        miss += abs(np.log(factor / BEST_FACTOR))
        # Two seeds; their mean decides.
        return np.array([0.9, 0.7]) - 0.01 * miss

    return settings.search(accuracy, LABELS)


def test_the_best_setting_is_chosen(chosen):
    factors, rates = chosen
    assert factors == {
        arm: 1.0 if arm in settings.WITHOUT_FACTOR else BEST_FACTOR
        for arm in settings.FACTOR
    }
    assert rates == dict.fromkeys(settings.FACTOR, BEST_RATE)


def test_every_setting_is_tried_once(chosen, asked):
    with_factor = len(settings.FACTOR) - len(settings.WITHOUT_FACTOR)
    pairs = with_factor * len(settings.FACTORS) + len(settings.WITHOUT_FACTOR)
    expected = pairs * len(settings.RATES) * len(LABELS)
    assert len(set(asked)) == len(asked) == expected


def test_the_record_names_what_each_factor_gave(chosen, capsys):
    settings.search(lambda *args: np.array([0.5]), LABELS)
    lines = capsys.readouterr().out.splitlines()
    first = settings.RATES[0]
    assert (
        f"| gradual | 0.1 | 0.500 at {first:g} | 0.500 at {first:g} |" in lines
    )


@pytest.mark.parametrize(
    "labels, nearest", [(1, 1), (2, 3), (5, 3), (30, 30), (60, 100), (999, 100)]
)
def test_the_rate_is_that_of_the_nearest_number_of_labels(labels, nearest):
    rate, factor = settings.setting("fine-tuned", labels)
    assert rate == settings.RATE["fine-tuned"][nearest]
    assert factor == settings.FACTOR["fine-tuned"]


def test_the_seeds_reported_are_not_those_searched():
    assert min(settings.SEARCHED_SEEDS) >= 10
    assert max(settings.SEARCHED_SEEDS) < 252  # each with other classes


@pytest.mark.parametrize("arm", settings.RATE)
def test_every_chosen_setting_was_tried(arm):
    assert set(settings.RATE[arm].values()) <= set(settings.RATES)
    assert settings.FACTOR[arm] in settings.FACTORS
