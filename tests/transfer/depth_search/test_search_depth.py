"""The search as a whole: what it finds, what it leaves, how it goes on."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import keras_trainkit as ktk
from keras_trainkit.transfer.depth_search.runs import Runs
from keras_trainkit.transfer.depth_search.space import SCRATCH
from tests.helpers import depth_worker
from tests.helpers import reuse_models as zoo
from tests.helpers.fit_state import changes
from tests.helpers.fit_state import fit_state

ROOT = Path(__file__).parents[3]
X, Y = zoo.data()


def find(model, **arguments):
    arguments = {
        "validation_data": zoo.data(8, 1),
        "seeds": 2,
        "epochs": 1,
        "batch_size": 8,
        "rate_factors": (1.0,),
        "verbose": 0,
        **arguments,
    }
    return ktk.transfer.search_depth(model, X, Y, **arguments)


def test_all_choices_are_tried_and_nothing_is_left_behind(capsys):
    model = zoo.pair()
    model.fit(X, Y, verbose=0)
    before = fit_state(model)
    found = find(model, verbose=1)
    assert changes(before, fit_state(model)) == []
    assert "3/3" in capsys.readouterr().out
    words = {str(one.configuration): one for one in found.choices}
    assert set(words) == {"from scratch", "1 frozen", "1 trained"}
    assert [words[w].weights for w in words if w != "1 frozen"] == [46, 46]
    assert words["1 frozen"].weights == 10
    for one in found.choices:
        assert len(one.scores) == 2 and one.complete and one.seconds > 0
        assert one.mean == pytest.approx(np.mean(one.scores))
    means = [one.mean for one in found.choices]
    assert means == sorted(means) and found.best is found.choices[0]
    assert found.scratch.configuration == SCRATCH
    rebuilt = found.best_model()
    history = rebuilt.fit(X, Y, verbose=0)
    assert np.isfinite(history.history["loss"][0])


class Score:
    """Stands in for training: a score of the choice and the seed."""

    def __init__(self, epochs=2, stop_at=None, raises=KeyboardInterrupt):
        self.calls, self.epochs = [], epochs
        self.stop_at, self.raises = stop_at, raises

    def __call__(self, runs, configuration, seed, after_epoch):
        if len(self.calls) == self.stop_at:
            raise self.raises
        self.calls.append((configuration, seed))
        score = 1.0 - 0.1 * configuration.freeze + 1e-9 * seed % 0.01
        if configuration.above == "drop":
            score = 9.0
        for epoch in range(self.epochs):
            after_epoch(epoch, score)
        return {"score": score, "seconds": 1.0, "weights": 1}


@pytest.fixture
def scored(monkeypatch):
    def stand_in(*arguments, **others):
        score = Score(*arguments, **others)
        monkeypatch.setattr(
            Runs, "score", lambda self, *rest: score(self, *rest)
        )
        return score

    return stand_in


@pytest.mark.one_backend
def test_every_choice_has_the_same_seeds_and_the_hopeless_are_ended(scored):
    calls = scored().calls
    found = find(zoo.chain(), epochs=2, seeds=3, trials=99)
    seeds = [seed for choice, seed in calls if choice == SCRATCH]
    assert len(set(seeds)) == 3
    ended = [one for one in found.choices if not one.complete]
    assert {one.configuration.above for one in ended} == {"drop"}
    assert {len(one.scores) for one in ended} == {1}
    for one in found.choices:
        trained = [seed for c, seed in calls if c == one.configuration]
        assert trained == seeds[: len(one.scores)]
    assert str(found.best.configuration) == "3 frozen"


@pytest.mark.one_backend
def test_a_large_space_is_sampled_and_the_same_seed_samples_the_same(scored):
    def tried(seed):
        scored()
        found = find(zoo.chain(), epochs=2, trials=9, seed=seed)
        return sorted(str(one.configuration) for one in found.choices)

    assert len(tried(0)) == 9
    assert tried(0) == tried(0) != tried(1)


@pytest.mark.one_backend
def test_an_interrupt_returns_what_there_is_and_a_second_call_the_rest(
    scored, tmp_path
):
    storage = tmp_path / "journal"
    scored(stop_at=3)
    model, arguments = zoo.pair(), {"epochs": 2, "storage": storage}
    before = fit_state(model)
    found = find(model, **arguments)
    assert found.interrupted and len(found.choices) == 1
    assert "Interrupted." in str(found)
    assert changes(before, fit_state(model)) == []
    calls = scored().calls
    again = find(model, **arguments)
    assert not again.interrupted and len(again.choices) == 3
    assert len(calls) == 4


@pytest.mark.one_backend
def test_any_error_of_a_run_is_raised_and_the_random_state_put_back(scored):
    scored(stop_at=1, raises=RuntimeError("no memory"))
    model = zoo.pair()
    before = fit_state(model)
    with pytest.raises(RuntimeError, match="no memory"):
        find(model, epochs=2)
    assert changes(before, fit_state(model)) == []


@pytest.mark.one_backend
def test_a_run_that_diverges_is_no_result(monkeypatch):
    def diverged(runs, configuration, seed, after_epoch):
        after_epoch(0, float("nan"))

    monkeypatch.setattr(Runs, "score", diverged)
    found = find(zoo.pair())
    assert found.best is None and len(found.choices) == 3
    assert "No configuration was trained" in str(found)


@pytest.mark.one_backend
def test_two_processes_share_a_search_and_one_that_is_killed_is_made_up_for(
    tmp_path,
):
    storage = str(tmp_path / "journal")
    worker = subprocess.Popen(
        [sys.executable, "-m", "tests.helpers.depth_worker", storage],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert worker.stdout.readline().strip() == "stopped"
        both = depth_worker.search(storage)
        running = [t for t in both.study.trials if t.state.name == "RUNNING"]
        assert (len(both.choices), len(running)) == (4, 1)
    finally:
        worker.kill()
        worker.communicate()
    # What was left running is not counted, and trained again.
    alone = depth_worker.search(storage)
    assert len(alone.choices) == 5
    kept = {str(one.configuration): one.seconds for one in alone.choices}
    for one in both.choices:
        assert kept[str(one.configuration)] == one.seconds


REFUSED = {
    "monitor": ({"monitor": "val_nothing"}, ValueError, "`monitor` must be"),
    "no data": ({"validation_data": None}, ValueError, "`validation_data` mus"),
    "one seed": ({"seeds": 1}, ValueError, "at least 2"),
    "all head": ({"head": 2}, ValueError, "`head` must be less than 2"),
    "cache": ({"cache_features": True}, ValueError, "one of 'auto', False"),
    "verbose": ({"verbose": 2}, ValueError, "one of 0, 1"),
}


@pytest.mark.one_backend
@pytest.mark.parametrize("arguments, error, why", REFUSED.values(), ids=REFUSED)
def test_other_arguments_are_refused_before_anything_is_trained(
    arguments, error, why, scored
):
    calls, model = scored().calls, zoo.pair()
    weights = model.get_weights()
    with pytest.raises(error, match=why):
        find(model, **arguments)
    assert calls == []
    np.testing.assert_array_equal(model.get_weights()[0], weights[0])
