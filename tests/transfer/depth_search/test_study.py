"""The study is shared, goes on where it was, and repeats nothing."""

import os
import subprocess
import sys

import optuna
import pytest

from keras_trainkit.transfer.depth_search import study as studies
from keras_trainkit.transfer.depth_search.space import SCRATCH
from keras_trainkit.transfer.depth_search.space import Space
from keras_trainkit.transfer.depth_search.study import SharedStudy

pytestmark = pytest.mark.one_backend
SPACE = Space(2, ("replace", "drop"), {1}, (1.0, 0.1))
SIZE = len(SPACE.all())


def shared(storage=None, **others):
    arguments = {
        "name": "s",
        "upwards": True,
        "sampler": None,
        "pruner": None,
        "seed": 0,
        "epochs": 2,
        "settings": {"epochs": 2, "seeds": [1, 2]},
        **others,
    }
    return SharedStudy(storage, **arguments)


def work(study, most=SIZE, stop_after=None):
    """Ends trials with a score made of the choice; returns what was made."""
    every, made = most >= SIZE, []
    study.queue(SPACE, every)
    for trial, configuration in study.trials(SPACE, most, every):
        made.append(configuration)
        trial.set_user_attr(studies.SCORES, [0.5])
        if len(made) == stop_after:
            return made  # as if the process had died
        study.end(trial, configuration.reuse - 0.1 * configuration.freeze)
    return made


def test_a_small_space_is_tried_as_a_whole_the_usual_first():
    study = shared()
    made = work(study)
    assert made == SPACE.all()
    assert study.study.best_value == 2.0
    assert work(study) == []


def test_a_large_space_is_sampled_without_repeating_a_choice():
    study = shared()
    made = work(study, most=SIZE - 2)
    assert made[:4] == SPACE.usual()
    assert len(made) == len(set(made)) == SIZE - 2
    assert (
        made == work(shared(), most=SIZE - 2) != work(shared(seed=1), SIZE - 2)
    )


def test_a_search_goes_on_where_it_was(tmp_path):
    path = tmp_path / "journal"
    first = work(shared(path), most=SIZE, stop_after=3)
    # Its last trial is still running, in a process with the number of this
    # one that is not this one.
    study = shared(path)
    second = work(study)
    assert second[0] not in first[:2] and set(second) == set(SPACE.all()[2:])
    assert len(study.ended()) == SIZE
    states = [trial.state.name for trial in study.study.trials]
    assert states.count("FAIL") == 1 and "RUNNING" not in states


def dead_process():
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    return done.pid


RUNNING = {
    "a dead process": (dead_process, None, True),
    "a living process": (os.getppid, None, False),
    "another machine": (dead_process, "elsewhere", False),
}


@pytest.mark.parametrize("process, host, again", RUNNING.values(), ids=RUNNING)
def test_what_is_left_running_is_made_again_only_if_nobody_runs_it(
    process, host, again, tmp_path, monkeypatch
):
    path, number = tmp_path / "journal", process()
    host = host or studies.socket.gethostname()
    monkeypatch.setattr(studies, "_this_process", lambda: [host, number])
    (left,) = work(shared(path), stop_after=1)
    monkeypatch.undo()
    study = shared(path)
    made = work(study)
    assert (left in made) == again
    assert len(study.ended()) == SIZE - (not again)


def test_two_workers_share_the_trials(tmp_path):
    path = tmp_path / "journal"
    one, other = shared(path), shared(path)
    one.queue(SPACE, True)
    other.queue(SPACE, True)
    made = {"one": [], "other": []}
    turns = {
        "one": one.trials(SPACE, SIZE, True),
        "other": other.trials(SPACE, SIZE, True),
    }
    studies_of = {"one": one, "other": other}
    while turns:
        for name, trials in list(turns.items()):
            trial, configuration = next(trials, (None, None))
            if trial is None:
                del turns[name]
                continue
            made[name].append(configuration)
            trial.set_user_attr(studies.SCORES, [0.5])
            studies_of[name].end(trial, 0.5)
    assert len(made["one"]) > 1 and len(made["other"]) > 1
    assert sorted(map(str, made["one"] + made["other"])) == sorted(
        map(str, SPACE.all())
    )


def test_what_the_sampler_repeats_is_not_trained_again():
    class Stubborn(optuna.samplers.RandomSampler):
        def sample_independent(self, study, trial, name, distribution):
            usual = SPACE.parameters(SCRATCH)
            return usual.get(name, 0)

    study = shared(sampler=Stubborn())
    made = work(study, most=SIZE - 1)
    assert len(made) == len(set(made)) == SIZE - 1


def test_the_pruner_never_ends_what_all_is_compared_with():
    study = shared(pruner=optuna.pruners.ThresholdPruner(lower=0.5))
    study.queue(SPACE, True)
    for trial, configuration in study.trials(SPACE, SIZE, True):
        trial.report(0.1, 0)
        hopeless = study.hopeless(trial, configuration)
        assert hopeless == (configuration != SCRATCH)
        trial.set_user_attr(studies.SCORES, [0.1])
        ending = {"state": "PRUNED"} if hopeless else {"score": 0.1}
        study.end(trial, **ending)
    ended = study.ended()
    assert [one for one in map(study.is_complete, ended) if one] == [True]
    assert len(ended) == SIZE


def test_scores_of_other_settings_are_not_mixed(tmp_path):
    path = str(tmp_path / "journal")
    shared(path)
    with pytest.raises(ValueError, match=r"'epochs': 2.*'epochs': 3"):
        shared(path, settings={"epochs": 3, "seeds": [1, 2]})
    assert shared(path).study.study_name == "s"


def test_a_database_is_taken_by_its_address(tmp_path):
    study = shared(f"sqlite:///{tmp_path}/study.db")
    work(study, most=1)
    assert (tmp_path / "study.db").is_file()


def test_without_optuna_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(ImportError, match=r'"keras-trainkit\[search\]"'):
        studies.import_optuna()


def test_it_ends_where_another_process_holds_the_rest(tmp_path):
    path = tmp_path / "journal"
    one, other = shared(path), shared(path)
    _, held = next(one.trials(SPACE, SIZE, False))
    made = []
    for trial, configuration in other.trials(SPACE, SIZE, False):
        made.append(configuration)
        trial.set_user_attr(studies.SCORES, [0.5])
        other.end(trial, 0.5)
    assert {*made, held} == set(SPACE.all())
    assert len(made) == SIZE - 1
