"""The search as a whole: what it finds, what it leaves, how it goes on."""

import os
import random
import subprocess
import sys
from pathlib import Path

import keras
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


def several_heads():
    inputs = keras.Input((zoo.FEATURES,))
    x = keras.layers.Dense(4)(keras.layers.Dense(4)(inputs))
    heads = [keras.layers.Dense(1)(x), keras.layers.Dense(1)(x)]
    return keras.Model(inputs, heads)


def shared_layer():
    inputs = keras.Input((zoo.FEATURES,))
    twice = keras.layers.Dense(zoo.FEATURES)
    x = keras.layers.Dense(zoo.FEATURES)(twice(inputs))
    return keras.Model(inputs, keras.layers.Dense(2)(twice(x)))


@pytest.mark.one_backend
@pytest.mark.parametrize("make", [several_heads, shared_layer])
def test_where_nothing_can_be_dropped_the_rest_is_replaced(make, scored):
    scored()
    model = make()
    model.compile("sgd", "mse")
    y = [Y[:, :1], Y[:, 1:]] if len(model.outputs) > 1 else Y
    found = ktk.transfer.search_depth(
        model, X, y, (X, y), trials=4, seeds=2, epochs=2, verbose=0
    )
    fates = {one.configuration.above for one in found.choices}
    assert len(found.choices) == 4 and fates <= {"replace", None}


@pytest.mark.one_backend
def test_the_best_is_made_of_the_model_as_it_was_and_draws_are_put_back(scored):
    scored()
    model, states = zoo.chain(), (random.getstate(), np.random.get_state()[1])
    weights = model.get_weights()
    found = find(model, epochs=2, trials=4)
    assert random.getstate() == states[0]
    np.testing.assert_array_equal(np.random.get_state()[1], states[1])
    model.set_weights([0 * one for one in weights])
    made = found.best_model()
    np.testing.assert_array_equal(made.get_weights()[0], weights[0])


@pytest.mark.one_backend
def test_scores_of_another_training_are_refused(scored, tmp_path):
    scored()
    storage = tmp_path / "journal"
    model = zoo.pair()
    find(model, epochs=2, storage=storage)
    # The head is drawn anew in each run.
    model.layers[-1].kernel.assign(0 * model.layers[-1].kernel)
    find(model, epochs=2, storage=storage)
    model.optimizer.learning_rate = 0.2
    with pytest.raises(ValueError, match=r"'learning_rate': 0\.1"):
        find(model, epochs=2, storage=storage)


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
    "sampler": ({"sampler": "tpe"}, TypeError, "`sampler` must be an Optuna"),
    "pruner": ({"pruner": "median"}, TypeError, "`pruner` must be an Optuna"),
    "storage": ({"storage": 3}, TypeError, "`storage` must be a path"),
    "study_name": ({"study_name": 3}, TypeError, "`study_name` must be a str"),
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
