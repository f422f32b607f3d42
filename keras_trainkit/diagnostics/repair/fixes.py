"""What `try_fixes` returns: which fixes were tried, and what they gained."""

import html
import math

import keras
import numpy as np

from keras_trainkit.backend.randomness.random_state import RandomState
from keras_trainkit.backend.training.compile_arguments import compile_arguments
from keras_trainkit.backend.training.compile_copies import unshared
from keras_trainkit.diagnostics.repair.apply_repairs import planned

_HEAD = ("", "fix", "held-out", "± seeds", "gain", "± noise", "seconds")


class Fixes:
    """Fixes that were tried on a model, the best first.

    `print(fixes)` shows a table: the mean held-out score of each with its
    standard deviation over the seeds, the gain over the unchanged model with
    twice its standard error, and the seconds a training took.

    Attributes:
        trials: Tuple of `Trial`s: what was trained with all seeds, the best
            first, then what was given up after one seed or could not be
            trained.
        unchanged: The `Trial` of the model as it is.
        score: What was measured: `"accuracy"`, `"balanced accuracy"` or
            `"R2"`.
        left_out: Tuple of what was not tried, for lack of budget.
        interrupted: Whether Ctrl+C ended it early.
    """

    def __init__(
        self, patient, trials, unchanged, left_out, score, interrupted
    ):
        self._patient = patient
        self.trials, self.unchanged = tuple(trials), unchanged
        self.left_out, self.score = tuple(left_out), score
        self.interrupted = interrupted
        self._model = None

    @property
    def helped(self):
        """Whether a fix is better than the model as it is, beyond noise."""
        return bool(self.trials) and self.trials[0].helped

    @property
    def best(self):
        """The repairs of the best fix, for `apply_repairs`.

        Empty if nothing helped beyond the noise.
        """
        return self.trials[0].repairs if self.helped else ()

    @property
    def best_model(self):
        """The trained copy of the best fix, of its best seed.

        The unchanged model's if nothing helped beyond the noise; `None` if
        that could not be trained either. Its outputs are in the units of the
        targets; of targets in a new coding see `encode_targets`.
        """
        if self._model is None:
            trial = self.trials[0] if self.helped else self.unchanged
            if trial.weights is not None:
                self._model = _trained(
                    planned(self._patient, trial.repairs), trial
                )
        return self._model

    def encode_targets(self, y):
        """Returns targets as the best fix takes them.

        Those of a regression stay as they are: the best model's outputs are
        scaled back.

        Args:
            y: Array of targets as the user writes them.
        """
        plan = planned(self._patient, self.best)
        coding = plan.codings[0]
        return np.asarray(y) if coding.scale is not None else coding.encode(y)

    def rows(self):
        """Returns the table as a list of dicts of plain values."""
        return [
            {
                "fix": one.name,
                "mean": one.mean,
                "spread": one.spread,
                "gain": one.gain,
                "noise": one.noise,
                "seconds": one.cost,
                "seeds": len(one.scores),
                "helped": one.helped,
                "problem": one.problem,
            }
            for one in (*self.trials, self.unchanged)
        ]

    def __str__(self):
        cells = [_HEAD, *self._cells()]
        widths = [max(len(row[i]) for row in cells) for i in range(len(_HEAD))]
        lines = [
            "  ".join(
                cell.ljust(width) if i == 1 else cell.rjust(width)
                for i, (cell, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in cells
        ]
        return "\n".join([self._sentence(), "", *lines, *self._notes()])

    def __repr__(self):
        return str(self)

    def _repr_html_(self):
        head, *rows = [_HEAD, *self._cells()]
        parts = ["<tr>" + "".join(f"<th>{c}</th>" for c in head) + "</tr>"]
        for row in rows:
            cells = "".join(f"<td>{html.escape(c)}</td>" for c in row)
            parts.append(f"<tr>{cells}</tr>")
        notes = "".join(f"<p>{html.escape(n)}</p>" for n in self._notes() if n)
        sentence = html.escape(self._sentence())
        return f"<p>{sentence}</p><table>{''.join(parts)}</table>{notes}"

    def _sentence(self):
        if not self.trials:
            return "Nothing was tried."
        best = self.trials[0]
        if not best.scores and not self.unchanged.scores:
            return "No training came to its end, so nothing is known."
        if not self.helped:
            return "Nothing helped beyond the noise."
        if not self.unchanged.scores:
            return (
                f"Best: {best.name}: {self.score} {best.mean:.3f}; the model "
                "as it is cannot be trained."
            )
        return (
            f"Best: {best.name}: {self.score} {self.unchanged.mean:.3f} -> "
            f"{best.mean:.3f}."
        )

    def _cells(self):
        rows = [
            _row(str(place), one) for place, one in enumerate(self.trials, 1)
        ]
        return [*rows, _row("", self.unchanged)]

    def _notes(self):
        notes = [""]
        if self.interrupted:
            notes.append("Interrupted.")
        if self.left_out:
            notes.append(
                f"Not tried for lack of budget: {'; '.join(self.left_out)}."
            )
        failed = [one for one in (*self.trials, self.unchanged) if one.problem]
        notes += [f"{one.name}: {one.problem}" for one in failed]
        return notes if len(notes) > 1 else []


def _row(place, trial):
    if not trial.scores:
        return (place, trial.name, "fails", "", "", "", "")
    one = len(trial.scores) == 1
    compared = not math.isnan(trial.gain) and math.isfinite(trial.gain)
    return (
        place,
        trial.name,
        f"{trial.mean:.3f}",
        "1 seed" if one else f"{trial.spread:.3f}",
        f"{trial.gain:+.3f}" if compared else "",
        f"{trial.noise:.3f}" if compared else "",
        f"{trial.cost:.1f}",
    )


def _trained(plan, trial):
    random = RandomState()
    try:
        keras.utils.set_random_seed(trial.seed)
        model = plan.build()
    finally:
        random.restore()
    model.set_weights(trial.weights)
    scale = plan.codings[0].scale
    return model if scale is None else _scaled_back(model, plan, *scale)


def _scaled_back(model, plan, mean, deviation):
    """Returns the model with its outputs in the units of the targets."""
    back = keras.layers.Rescaling(
        np.asarray(deviation).tolist(), np.asarray(mean).tolist()
    )
    if isinstance(model, keras.Sequential):
        whole = keras.Sequential([*model.layers, back], name=model.name)
        whole.build(model.input_shape)
    else:
        outputs = back(model.outputs[0])
        whole = keras.Model(model.input, outputs, name=model.name)
    given = compile_arguments(model)
    for name in ("metrics", "weighted_metrics"):
        given[name] = keras.tree.map_structure(unshared, given.get(name))
    given["optimizer"] = type(model.optimizer).from_config(
        model.optimizer.get_config()
    )
    whole.compile(**given, auto_scale_loss=False)
    return whole
