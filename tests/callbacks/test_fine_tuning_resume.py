"""A run that was killed and run again ends where one never killed does.

Bit for bit, with `keras.callbacks.BackupAndRestore`. Most deaths are played
within this process, with new objects for each life; one is a real SIGKILL.
"""

import errno
import functools
import os
import random
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from keras_trainkit.scheduling.active_fit import active_fit
from tests.helpers import resumable

ROOT = Path(__file__).parents[2]


class Dead(Exception):
    """As a power cut: nobody catches it."""


class DieAt(keras.callbacks.Callback):
    """Raises at a hook of an epoch, behind the second batch if it is one's."""

    def __init__(self, epoch, hook, error=Dead):
        super().__init__()
        self.epoch, self.error, self.now = epoch, error, None
        setattr(self, hook, getattr(self, f"_{hook}"))

    def on_epoch_begin(self, epoch, logs=None):
        self.now = epoch

    def _on_epoch_begin(self, epoch, logs=None):
        if epoch == self.epoch:
            raise self.error("planned")

    def _on_train_batch_end(self, batch, logs=None):
        if (self.now, batch) == (self.epoch, 1):
            raise self.error("planned")

    def _on_epoch_end(self, epoch, logs=None):
        if epoch == self.epoch:
            raise self.error("planned")


BOUNDARY = (resumable.STAGE, "on_epoch_begin")
SECOND_STAGE = (3, "on_train_batch_end")
AFTER_THE_LAST_EPOCH = (3, "on_epoch_end")


@functools.cache
def never_killed(case):
    with tempfile.TemporaryDirectory() as folder:
        return resumable.state(resumable.train(folder, case, "last"))


def same(ours, theirs):
    return {
        name
        for name in ours.keys() | theirs.keys()
        if name not in ours
        or name not in theirs
        or not np.array_equal(ours[name], theirs[name], equal_nan=True)
    }


ORDERS = [
    *zip(resumable.CASES, ["first", "last"] * len(resumable.CASES)),  # noqa: B905
    ("FineTuning, OneCycle", "last"),
    ("OneCycle, FineTuning", "last"),
]


@pytest.mark.parametrize("case, place", sorted({*ORDERS}))
def test_a_run_that_dies_again_and_again(case, place, tmp_path):
    for death in (BOUNDARY, SECOND_STAGE):
        with pytest.raises(Dead):
            resumable.train(tmp_path, case, place, DieAt(*death))
    model = resumable.train(tmp_path, case, place)
    assert same(resumable.state(model), never_killed(case)) == set()


@pytest.mark.parametrize(
    "case", ["FineTuning", "FineTuning, OneCycle", "OneCycle, FineTuning"]
)
def test_a_run_that_had_only_its_end_to_come(case, tmp_path):
    with pytest.raises(Dead):
        resumable.train(tmp_path, case, "first", DieAt(*AFTER_THE_LAST_EPOCH))
    model = resumable.train(tmp_path, case, "first")
    assert same(resumable.state(model), never_killed(case)) == set()


def test_other_stages_than_those_of_the_backup(tmp_path, monkeypatch):
    case = "FineTuning"
    with pytest.raises(Dead):
        resumable.train(tmp_path, case, "first", DieAt(*SECOND_STAGE))
    monkeypatch.setitem(
        resumable.CASES,
        case,
        (resumable.adam, [lambda: ktk.callbacks.FineTuning({0: "head"})]),
    )
    with pytest.raises(ValueError, match="run with the same stages"):
        resumable.train(tmp_path, case, "first")


def life(folder, case, update):
    return subprocess.run(
        [
            *(sys.executable, "-m", "tests.helpers.resumable"),
            *(folder, case, "first", str(update)),
        ],
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": keras.backend.backend()},
        capture_output=True,
    )


def test_a_process_that_is_killed_twice(tmp_path):
    case, chance = "FineTuning, OneCycle", random.Random(3)
    # Between the first backup and the next; then across the stages.
    updates = [chance.randint(5, 7), chance.randint(5, 11)]
    deaths = [life(tmp_path, case, update) for update in updates]
    assert [d.returncode for d in deaths] == [-signal.SIGKILL] * 2
    model = resumable.train(tmp_path, case, "first")
    assert same(resumable.state(model), never_killed(case)) == set()


# What a dying run leaves behind.

BOTH = "FineTuning, OneCycle"


def compiled(case=BOTH):
    model = resumable.network()
    model.compile(resumable.CASES[case][0](), "mse")
    return model


def assert_nothing_acts(model, rate=resumable.RATE):
    """No borrowed method or value is left, and a plain `fit` is plain."""
    if keras.backend.backend() == "jax":
        # An epoch that dies leaves the state outside of the variables, in
        # plain Keras, too (keras/src/backend/jax/trainer.py).
        model.jax_state_sync()
    assert float(model.optimizer.learning_rate) == pytest.approx(rate)
    assert active_fit(model) is None
    assert "make_train_function" not in vars(model)
    assert not {"apply", "load_own_variables"} & vars(model.optimizer).keys()
    assert type(model.optimizer.momentum) is float
    before = int(model.optimizer.iterations)
    model.fit(resumable.X, resumable.Y, batch_size=16, verbose=0)
    assert int(model.optimizer.iterations) == before + resumable.STEPS
    assert float(model.optimizer.learning_rate) == pytest.approx(rate)


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_an_interrupt_in_the_second_stage(error, tmp_path):
    model = compiled()
    with pytest.raises(error):
        resumable.train(
            tmp_path, BOTH, "last", DieAt(*SECOND_STAGE, error), model=model
        )
    assert_nothing_acts(model, 0.1 * resumable.RATE)


def test_a_full_disk(tmp_path, monkeypatch):
    model = compiled()

    def save_weights(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(model, "save_weights", save_weights)
    with pytest.raises(OSError, match="No space left"):
        resumable.train(tmp_path, BOTH, "first", model=model)
    assert_nothing_acts(model)


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_an_error_in_the_data(error):
    class Broken(keras.utils.PyDataset):
        def __len__(self):
            return 8

        def __getitem__(self, index):
            # On JAX, plain Keras loses the state when the first steps die.
            if index == 6:
                raise error("planned")
            return resumable.X[:16], resumable.Y[:16]

    model = compiled()
    callbacks = [resumable.fine_tuning(), resumable.one_cycle()]
    with pytest.raises(BaseException, match="planned"):
        model.fit(Broken(), epochs=3, verbose=0, callbacks=callbacks)
    assert_nothing_acts(model)


def test_a_loss_that_is_not_a_number():
    model = compiled()
    callbacks = [
        resumable.fine_tuning(),
        resumable.one_cycle(),
        keras.callbacks.TerminateOnNaN(),
    ]
    model.fit(
        resumable.X,
        np.full_like(resumable.Y, np.nan),
        batch_size=16,
        epochs=3,
        verbose=0,
        callbacks=callbacks,
    )
    assert_nothing_acts(model)
