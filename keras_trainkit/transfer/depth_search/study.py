"""The Optuna study behind a search for the depth."""

import contextlib
import os
import random
import socket

from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.transfer.depth_search.space import SCRATCH

# What a trial keeps beside its parameters and value.
CONFIGURATION, SCORES, RUNS = "configuration", "scores", "runs"
_SETTINGS, _WORKER = "keras_trainkit", "worker"


def import_optuna():
    """Returns Optuna.

    Raises:
        ImportError: If it is not installed.
    """
    try:
        import optuna
    except ImportError as error:
        raise ImportError(
            "A search for the depth is an Optuna study. Install it with "
            '`pip install "keras-trainkit[search]"`.'
        ) from error
    return optuna


def require_parts(storage, study_name, sampler, pruner):
    """Raises unless a study can be made of these."""
    optuna = import_optuna()
    expected = {
        "storage": (
            storage,
            (str, os.PathLike, optuna.storages.BaseStorage),
            "a path, the URL of a database, or an Optuna storage",
        ),
        "sampler": (
            sampler,
            optuna.samplers.BaseSampler,
            "an Optuna sampler, such as `optuna.samplers.TPESampler()`",
        ),
        "pruner": (
            pruner,
            optuna.pruners.BasePruner,
            "an Optuna pruner, such as `optuna.pruners.NopPruner()`",
        ),
    }
    for name, (value, kind, words) in expected.items():
        if value is not None and not isinstance(value, kind):
            raise bad_type(name, value, words)
    if not isinstance(study_name, str):
        raise bad_type("study_name", study_name, "a string")


class SharedStudy:
    """A study that several processes may work on, and that may be resumed.

    Args:
        storage: Path of a journal file, URL of a database, an Optuna storage,
            or `None` for one in memory.
        name: The study's name in the storage.
        upwards: Whether larger scores are better.
        sampler: An Optuna sampler, or `None` for TPE with `seed`.
        pruner: An Optuna pruner, or `None`: that of the median, once the
            first of the seeds has been trained.
        seed: Integer.
        epochs: Integer, how many reports a seed makes.
        settings: Dict that JSON can hold: what makes scores comparable.

    Attributes:
        study: The `optuna.Study`.

    Raises:
        ValueError: If the study in the storage had other settings.
    """

    def __init__(
        self, storage, name, upwards, sampler, pruner, seed, epochs, settings
    ):
        optuna = import_optuna()
        self._states = optuna.trial.TrialState
        with _quiet(optuna):
            self.study = optuna.create_study(
                storage=_storage(optuna, storage),
                study_name=name,
                direction="maximize" if upwards else "minimize",
                load_if_exists=storage is not None,
                pruner=pruner
                or optuna.pruners.MedianPruner(
                    4, n_warmup_steps=int(epochs) - 1
                ),
            )
        seen = self.study.user_attrs.get(_SETTINGS)
        if seen is None:
            self.study.set_user_attr(_SETTINGS, settings)
        elif seen != settings:
            raise _other_settings(name, seen, settings)
        # Processes that begin together should not draw the same.
        seed = int(seed) + len(self.study.get_trials(deepcopy=False))
        self.study.sampler = sampler or optuna.samplers.TPESampler(seed=seed)
        self._rng = random.Random(seed)
        self._begun = set()

    def queue(self, space, every):
        """Queues what is to be tried for certain, unless it was already.

        Trials of processes that have died are ended as failed first; what
        failed is queued again.

        Args:
            space: The `Space`.
            every: Whether that is the whole space, or only what is usual.
        """
        for trial in self._trials(self._states.RUNNING):
            if self._died(trial):
                self.study.tell(trial.number, state=self._states.FAIL)
        tried = [t.params or _queued(t) for t in self._trials(*self._not_lost)]
        wanted = space.all() if every else space.usual()
        again = [t.params for t in self._trials(self._states.FAIL) if t.params]
        for parameters in [*map(space.parameters, wanted), *again]:
            if parameters not in tried:
                self.study.enqueue_trial(parameters)
                tried.append(parameters)

    def trials(self, space, most, every):
        """Yields trials to be trained until there are enough in the study.

        Each is to be ended by `end` before the next one.

        Args:
            space: The `Space`.
            most: Integer, how many of all processes are enough.
            every: Whether these are all there are.

        Yields:
            Tuple of the trial and its configuration.
        """
        while len(self.ended()) < most:
            if every and not self._trials(self._states.WAITING):
                return
            trial = self.study.ask()
            self._begun.add(trial.number)
            trial.set_user_attr(_WORKER, _this_process())
            configuration = space.suggested(trial)
            known = self._same(trial)
            if known is None:
                trial.set_user_attr(CONFIGURATION, str(configuration))
                yield trial, configuration
            else:
                self._end_as(known, trial)
                if not (every or self._queue_untried(space)):
                    return  # The rest is in other processes.

    def end(self, trial, score=None, state="COMPLETE"):
        """Ends a trial as complete, with its score, as pruned or as failed."""
        self.study.tell(trial, score, state=self._states[state])

    def ended(self):
        """Returns the trials that were trained or pruned, each choice once."""
        states = self._states.COMPLETE, self._states.PRUNED
        return [t for t in self._trials(*states) if SCORES in t.user_attrs]

    def is_complete(self, trial):
        """Whether a trial has been trained with all seeds."""
        return trial.state == self._states.COMPLETE

    def hopeless(self, trial, configuration):
        """Whether the pruner ends a trial.

        The one from scratch it may not: all others are compared with it.
        """
        return configuration != SCRATCH and trial.should_prune()

    @property
    def _not_lost(self):
        states = self._states
        return (
            states.COMPLETE,
            states.PRUNED,
            states.RUNNING,
            states.WAITING,
        )

    def _trials(self, *states):
        return self.study.get_trials(deepcopy=False, states=states or None)

    def _same(self, trial):
        """Returns another trial of the same choice that goes on or is over."""
        for other in self._trials(*self._not_lost):
            same = other.params == trial.params
            earlier = other.number < trial.number
            if same and earlier and CONFIGURATION in other.user_attrs:
                return other
        return None

    def _end_as(self, known, trial):
        # The same seeds would give the same scores.
        if self.is_complete(known):
            self.end(trial, known.value)
        else:
            self.end(trial, state="PRUNED")

    def _queue_untried(self, space):
        """Queues a choice at random where the sampler repeats itself.

        Returns whether there was one.
        """
        tried = [trial.params or _queued(trial) for trial in self._trials()]
        left = [c for c in space.all() if space.parameters(c) not in tried]
        if left:
            self.study.enqueue_trial(space.parameters(self._rng.choice(left)))
        return bool(left)

    def _died(self, trial):
        host, process = trial.user_attrs.get(_WORKER, [None, None])
        if host != socket.gethostname():
            return False  # Nobody here can tell.
        if process == os.getpid():
            # In a container the next process may have the number of the last.
            return trial.number not in self._begun
        return not _is_alive(process)


def _storage(optuna, storage):
    is_path = isinstance(storage, (str, os.PathLike))
    if not is_path or "://" in str(storage):
        return storage
    file = optuna.storages.journal.JournalFileBackend(os.fspath(storage))
    return optuna.storages.JournalStorage(file)


def _queued(trial):
    # What `enqueue_trial` keeps: optuna/study/study.py
    return trial.system_attrs.get("fixed_params", {})


def _this_process():
    return [socket.gethostname(), os.getpid()]


def _is_alive(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@contextlib.contextmanager
def _quiet(optuna):
    """Leaves Optuna's log to its warnings."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)


def _other_settings(name, seen, settings):
    keys = [k for k in settings if seen.get(k) != settings[k]]
    return bad_value(
        "study_name",
        name,
        "a study of the same search",
        f"Its scores are those of { ({k: seen.get(k) for k in keys}) }, these "
        f"would be of { ({k: settings[k] for k in keys}) }. Take another name "
        "or storage.",
    )
