"""What is trained in which order: with trainings that are only noted."""

from types import SimpleNamespace

import pytest

from keras_trainkit.diagnostics import Repair
from keras_trainkit.diagnostics.repair import search
from keras_trainkit.diagnostics.repair.candidate import Candidate
from keras_trainkit.diagnostics.repair.trials import Budget

pytestmark = pytest.mark.one_backend
PATIENT = SimpleNamespace(tasks=[SimpleNamespace(score="accuracy")])
# What each fix scores with the first seed; the model as it is has 0.5.
SCORES = {"a": 0.6, "b": 0.9, "c": 0.7, "d": 0.4, "e": 0.3}


class Noted:
    """Trains nothing: notes what, and scores it by the table."""

    made = ()

    def __init__(self, patient, x, targets, budget, after):
        self._budget, self._after = budget, after
        Noted.made = []

    def train(self, trial, seed):
        Noted.made.append((trial.name, seed))
        if trial.name == "e":
            raise KeyboardInterrupt
        trial.scores.append(SCORES.get(trial.name, 0.5))
        self._budget.spend(1.0)
        self._after()


@pytest.fixture
def trained(monkeypatch):
    monkeypatch.setattr(search, "Trainer", Noted)

    def run(names, budget, seeds=(7, 8)):
        some = [
            Candidate(name, (Repair("dropout_rate", place / 9, name),))
            for place, name in enumerate(names)
        ]
        one = search.Search(
            PATIENT, None, [], list(seeds), Budget(budget, 4), 0
        )
        one.run(some)
        return one, Noted.made

    return run


def test_the_model_as_it_is_comes_first_with_all_seeds(trained):
    one, made = trained("ab", 20)
    assert made[:2] == [("unchanged", 7), ("unchanged", 8)]
    assert one.unchanged.scores == [0.5, 0.5]


def test_all_are_tried_with_one_seed_and_the_best_are_combined(trained):
    _, made = trained("abcd", 30)
    assert made[2:6] == [(name, 7) for name in "abcd"]
    # "d" is worse than the model as it is.
    assert [name for name, _ in made[6:9]] == ["b + c", "b + a", "c + a"]


def test_the_best_are_trained_with_the_other_seeds(trained):
    _, made = trained("abcd", 30)
    second = [name for name, seed in made[9:] if seed == 8]
    assert second[:3] == ["b", "c", "a"]


def test_no_training_more_than_the_budget(trained):
    _, made = trained("abcd", 6)
    assert len(made) == 6
    # What is left is kept for the second seed of the best.
    assert ("unchanged", 8) in made
    assert made[-1][1] == 8


def test_an_interrupt_keeps_what_was_found(trained):
    one, made = trained("bea", 30)
    assert made[-1] == ("e", 7)
    assert one.unchanged.scores == [0.5, 0.5]
    assert "a" not in [name for name, _ in made]
