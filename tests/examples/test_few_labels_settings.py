import numpy as np
import pytest

from tests.helpers.examples import EXAMPLES
from tests.helpers.examples import load_script

pytestmark = pytest.mark.one_backend
settings = load_script(EXAMPLES / "few_labels_settings.py")
# What is planted as best.
BEST = {
    ("all", 1): 0.003,
    ("all", 5): 0.1,
    ("head", 1): 0.03,
    ("head", 5): 0.01,
}


def test_the_best_rate_is_chosen(capsys):
    def accuracy(arm, labels, part, rate):
        miss = abs(np.log(rate / BEST[part, labels]))
        # Two seeds; their mean decides.
        return np.array([0.9, 0.7]) - 0.01 * miss

    found = settings.search(accuracy, ["masked"], [1, 5])
    assert found == {
        "all": {"masked": {1: 0.003, 5: 0.1}},
        "head": {"masked": {1: 0.03, 5: 0.01}},
    }
    assert "| all | masked | 0.003 | 0.800 |" in capsys.readouterr().out


def test_the_rate_is_that_of_the_nearest_number_of_labels(monkeypatch):
    rates = {"all": {"masked": {1: 0.1, 5: 0.2, 20: 0.3}}}
    monkeypatch.setattr(settings, "RATE", rates)
    found = [settings.rate_of("all", "masked", n) for n in (1, 2, 3, 10, 20)]
    assert found == [0.1, 0.1, 0.2, 0.2, 0.3]
