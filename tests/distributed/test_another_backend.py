"""A run that is killed on one backend ends on another as if undisturbed.

With `FineTuning`, `OneCycle` and `keras.callbacks.BackupAndRestore`, without
random layers and shuffling; every backend in processes of its own.
"""

import importlib.util
import itertools
import json
import os
import signal
import subprocess
import sys

import pytest

from tests.helpers.processes import DEADLINE
from tests.helpers.processes import ROOT

BACKENDS = ("tensorflow", "jax", "torch")
PAIRS = list(itertools.permutations(BACKENDS, 2))
# The first epoch that is trained again, by optimizer.
FIRST = {"SGD": 3, "Adam": 1}
EPOCHS, STEPS = 5, 4

pytestmark = [
    pytest.mark.one_backend,
    pytest.mark.skipif(
        not all(map(importlib.util.find_spec, BACKENDS)),
        reason="a run goes from backend to backend where all are installed",
    ),
]


def process(backend, folder, what):
    script = "tests.distributed.scripts.another_backend"
    return subprocess.run(
        [sys.executable, "-m", script, str(folder), what],
        env={**os.environ, "KERAS_BACKEND": backend},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
    )


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    folder = tmp_path_factory.mktemp("backends")
    for backend in BACKENDS:
        died = process(backend, folder, "die")
        assert died.returncode == -signal.SIGKILL, died.stderr[-4000:]
    for backend in BACKENDS:
        done = process(backend, folder, "go_on")
        assert done.returncode == 0, done.stderr[-4000:]
    texts = {b: (folder / f"{b}.json").read_text("utf-8") for b in BACKENDS}
    return {backend: json.loads(text) for backend, text in texts.items()}


every_run = pytest.mark.parametrize("optimizer", FIRST)
every_pair = pytest.mark.parametrize("there, here", PAIRS)


@every_pair
@every_run
def test_it_ends_as_if_undisturbed(reports, there, here, optimizer):
    """Weights, statistics, slots, counters, learning rate and flags."""
    found = reports[here][f"{there} {optimizer}"]
    ours, theirs = found["names"]
    assert ours == theirs
    assert len(ours) > 10
    assert max(found["apart"].values()) < 1e-5
    assert found["apart"]["flags"] == 0


@every_pair
@every_run
def test_it_goes_on_where_it_was(reports, there, here, optimizer):
    found = reports[here][f"{there} {optimizer}"]
    first = FIRST[optimizer]
    assert found["epochs"] == list(range(first, EPOCHS))
    assert found["positions"] == list(range(first * STEPS, EPOCHS * STEPS))
