"""Which fixes are trained, with which seeds, in which order."""

import keras
import numpy as np

from keras_trainkit.backend.devices.process import shown
from keras_trainkit.diagnostics.repair.candidates import unlike
from keras_trainkit.diagnostics.repair.fixes import Fixes
from keras_trainkit.diagnostics.repair.trials import Trainer
from keras_trainkit.diagnostics.repair.trials import Trial

# Combinations that are tried, and fixes that all seeds are kept for.
_COMBINATIONS = 3
_FINALISTS = 3


class Search:
    """Screens candidates, combines the best, trains these with all seeds.

    Args:
        patient: A `Patient`.
        x: Held-out inputs.
        targets: List of arrays of held-out targets.
        seeds: List of at least two integers.
        budget: A `Budget`.
        verbose: 1 for a progress bar, 0 for none.

    Attributes:
        unchanged: The `Trial` of the model as it is.
    """

    def __init__(self, patient, x, targets, seeds, budget, verbose):
        self._patient, self._seeds, self._budget = patient, seeds, budget
        shows = bool(shown(verbose))
        self._bar = keras.utils.Progbar(
            budget.fits, verbose=int(shows), unit_name="fit"
        )
        self._trainer = Trainer(
            patient, x, targets, budget, lambda: self._bar.add(1)
        )
        self.unchanged = Trial("unchanged")
        self._tried, self._waiting = [], []
        self._interrupted = False

    def run(self, some):
        """Trains as much of the candidates as the budget is for.

        Args:
            some: List of `Candidate`s, the likeliest first.
        """
        self._waiting = list(some)
        try:
            for seed in self._seeds:
                self._train(self.unchanged, seed)
            self._screen()
            self._combine()
            self._finish()
        except KeyboardInterrupt:
            self._interrupted = True
        if self._budget.left > 0 and self._budget.fits:
            self._bar.update(self._budget.fits, finalize=True)

    def _train(self, trial, seed):
        if not trial.problem and self._budget.left > 0:
            self._trainer.train(trial, seed)

    def _screen(self):
        others = len(self._seeds) - 1
        kept = _COMBINATIONS + _FINALISTS * others
        kept = min(kept, self._budget.left * others // (others + 1))
        while self._waiting and self._budget.left > kept:
            self._try(self._waiting.pop(0))

    def _try(self, candidate):
        trial = Trial(candidate.name, candidate.repairs)
        self._train(trial, self._seeds[0])
        self._tried.append((candidate, trial))

    def _combine(self):
        """Tries the best ones together, if each of them gained something."""
        base = self.unchanged.scores[0] if self.unchanged.scores else -np.inf
        best = [
            candidate
            for candidate, trial in self._ranked()
            if trial.scores and trial.scores[0] > base
        ]
        pairs = [
            first.also(second)
            for place, first in enumerate(best[:3])
            for second in best[place + 1 : 4]
        ]
        known = [candidate for candidate, _ in self._tried]
        new = unlike([*known, *(one for one in pairs if one is not None)])
        for one in new[len(known) :][:_COMBINATIONS]:
            if self._budget.left > len(self._seeds) - 1:
                self._try(one)

    def _finish(self):
        """Trains the best with the other seeds, as far as the budget goes."""
        for _, trial in self._ranked():
            if trial.scores and self._budget.left >= len(self._seeds) - 1:
                for seed in self._seeds[1:]:
                    self._train(trial, seed)
        while self._waiting and self._budget.left > 0:
            self._try(self._waiting.pop(0))

    def _ranked(self):
        return sorted(
            self._tried,
            key=lambda pair: -(pair[1].scores or [-np.inf])[0],
        )

    def result(self, noiseless):
        """Returns the `Fixes`.

        Args:
            noiseless: Whether held-out rows are no source of noise.
        """
        trials = [trial for _, trial in self._tried]
        for trial in trials:
            trial.compare(self.unchanged, noiseless)
        trials.sort(
            key=lambda one: (
                -len(one.scores),
                -one.mean if one.scores else 0,
                len(one.repairs),
            )
        )
        scores = dict.fromkeys(task.score for task in self._patient.tasks)
        return Fixes(
            self._patient,
            trials,
            self.unchanged,
            [one.name for one in self._waiting],
            " and ".join(scores),
            self._interrupted,
        )
