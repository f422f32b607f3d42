"""Trainings of copies of a model, each with a fix and a seed."""

import dataclasses
import datetime
import math
import time

import keras
import numpy as np

from keras_trainkit.diagnostics.repair.apply_repairs import planned
from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_integer
from keras_trainkit.kernels.held_out import credits as held_out
from keras_trainkit.kernels.score_noise import gain
from keras_trainkit.kernels.score_noise import summary


@dataclasses.dataclass
class Trial:
    """One fix, and what became of the copies that were trained with it.

    Attributes:
        name: What was done, in a few words.
        repairs: Tuple of the `Repair`s.
        scores: List of the held-out score of each seed.
        seconds: List of how long each training took.
        problem: Why it could not be trained, or `""`.
        gain: By how much its mean score is above the unchanged model's.
        noise: Twice the standard error of the gain, over seeds and held-out
            rows; over rows alone where there is one seed.
    """

    name: str
    repairs: tuple = ()
    scores: list = dataclasses.field(default_factory=list)
    seconds: list = dataclasses.field(default_factory=list)
    problem: str = ""
    gain: float = math.nan
    noise: float = math.nan
    credits: list = dataclasses.field(default_factory=list, repr=False)
    weights: list | None = dataclasses.field(default=None, repr=False)
    seed: int | None = dataclasses.field(default=None, repr=False)

    @property
    def mean(self):
        """The mean of the scores, NaN without any."""
        return summary(self.scores)[0]

    @property
    def spread(self):
        """The standard deviation of the scores, NaN for one seed."""
        return summary(self.scores)[1]

    @property
    def cost(self):
        """The mean of the seconds, NaN without any."""
        return summary(self.seconds)[0]

    @property
    def helped(self):
        """Whether it is better than the unchanged model beyond the noise."""
        return len(self.scores) > 1 and self.gain > self.noise

    def compare(self, unchanged, noiseless):
        """Sets gain and noise.

        Args:
            unchanged: The `Trial` of the model as it is.
            noiseless: Whether the held-out rows are all that there are.
        """
        if not self.scores:
            return
        if not unchanged.scores:
            # What cannot be trained at all is as bad as can be.
            self.gain, self.noise = math.inf, 0.0
            return
        self.gain, seeds = gain(self.scores, unchanged.scores, True)
        rows = held_out.noise(
            np.mean(self.credits, 0), np.mean(unchanged.credits, 0)
        )
        self.noise = math.hypot(
            0.0 if math.isnan(seeds) else seeds, 0.0 if noiseless else rows
        )


class Trainer:
    """Trains copies, and scores them on held-out rows.

    Args:
        patient: A `Patient`.
        x: Held-out inputs.
        targets: List of arrays of held-out targets.
        budget: A `Budget`.
        after: Callable without arguments, called after each training.
    """

    def __init__(self, patient, x, targets, budget, after):
        self._patient, self._x, self._targets = patient, x, targets
        self._budget, self._after = budget, after

    def train(self, trial, seed):
        """Trains a copy with one seed; what fails is noted as a problem."""
        keras.utils.set_random_seed(seed)
        try:
            plan = planned(self._patient, trial.repairs)
            model = plan.build()
        except Exception as error:
            # Nothing was trained: nothing is spent.
            trial.problem = _told(error)
            return
        start = time.perf_counter()
        try:
            model.fit(
                self._patient.x,
                plan.encoded(self._patient.targets),
                **self._arguments(plan),
            )
            self._budget.require_time()
            credits = plan.credits(model, self._x, self._targets)
        except _OutOfTime:
            trial.problem = "not done when the time was over"
        except Exception as error:
            trial.problem = _told(error)
        else:
            self._note(trial, seed, model, credits, start)
        self._budget.spend(time.perf_counter() - start)
        self._after()

    def _note(self, trial, seed, model, credits, start):
        score = held_out.score(credits)
        if not trial.scores or score > max(trial.scores):
            trial.weights, trial.seed = model.get_weights(), seed
        trial.scores.append(score)
        trial.credits.append(credits)
        trial.seconds.append(time.perf_counter() - start)

    def _arguments(self, plan):
        arguments = {**plan.fit_arguments(), "verbose": 0}
        callbacks = []
        if arguments.get("callbacks") is not None:
            # As for `fit`, one alone needs no list.
            callbacks += keras.tree.flatten(arguments["callbacks"]())
            arguments["validation_data"] = (
                self._x,
                plan.encoded(self._targets),
            )
        if self._budget.ends is not None:
            callbacks.append(_StopInTime(self._budget))
        return {**arguments, "callbacks": callbacks}


def _told(error):
    """Returns the first line of an error."""
    text = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {text[0]}"


class _StopInTime(keras.callbacks.Callback):
    """Ends a training for which there is no time left."""

    def __init__(self, budget):
        super().__init__()
        self._budget = budget

    def on_train_batch_end(self, batch, logs=None):
        if time.perf_counter() > self._budget.ends:
            self.model.stop_training = True


class _OutOfTime(Exception):
    """The time was over before a training was done."""


class Budget:
    """How many trainings are left.

    Args:
        given: Integer, how many there may be, or a `datetime.timedelta`, how
            long they may take together.
        least: Integer, how many there must be.

    Attributes:
        fits: Integer, how many there may be in all, `None` where time counts.
        ends: The reading of `time.perf_counter` by which all has to be done,
            `None` where trainings count.
    """

    def __init__(self, given, least):
        self.fits, self.ends = None, None
        self._made, self._seconds = 0, 0.0
        if isinstance(given, datetime.timedelta):
            if given.total_seconds() <= 0:
                raise bad_value("budget", given, "a time above 0")
            self.ends = time.perf_counter() + given.total_seconds()
        elif isinstance(given, (bool, float)):
            raise bad_type(
                "budget",
                given,
                "an integer (trainings) or a datetime.timedelta",
            )
        else:
            require_integer("budget", given, least)
            self.fits = int(given)

    @property
    def left(self):
        """How many trainings are left; of a time, at the pace so far."""
        if self.fits is not None:
            return self.fits - self._made
        left = self.ends - time.perf_counter()
        if not self._made:
            return int(left > 0)
        return max(0, int(left / max(self._seconds / self._made, 1e-9)))

    def require_time(self):
        """Raises `_OutOfTime` if the time is over."""
        if self.ends is not None and time.perf_counter() > self.ends:
            raise _OutOfTime

    def spend(self, seconds):
        """Notes that a training was made."""
        self._made += 1
        self._seconds += seconds
