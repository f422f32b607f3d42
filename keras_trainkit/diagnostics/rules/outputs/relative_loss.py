"""Losses that only targets above 0 suit: the family L."""

import numpy as np

from keras_trainkit.diagnostics.facts.heads import heads
from keras_trainkit.diagnostics.finding import Repair
from keras_trainkit.diagnostics.rules.examples import HIDDEN
from keras_trainkit.diagnostics.rules.examples import ROWS
from keras_trainkit.diagnostics.rules.examples import program
from keras_trainkit.diagnostics.rules.registry import found
from keras_trainkit.diagnostics.rules.registry import rule

_RELATIVE = "mean_absolute_percentage_error"
_LOGARITHMIC = "mean_squared_logarithmic_error"
# Keras divides by at least this.
_LEAST = 1e-7
# Of the targets' median size: rows of smaller targets outweigh all others.
_TINY = 1e-6
# That so many targets are below 0 is no noise around it.
_SOME = 0.02


@rule(
    "L115",
    name="a relative loss with targets at 0 or below",
    topic="loss",
    severity="warning",
    confidence=0.6,
    needs=("compiled", "sample"),
    bad=program(
        HIDDEN,
        "Dense(1)",
        loss="mean_absolute_percentage_error",
        data=ROWS + "y = np.maximum(x[:, 0], 0)",
    ),
    good=program(
        HIDDEN,
        "Dense(1)",
        loss="mean_absolute_error",
        data=ROWS + "y = np.maximum(x[:, 0], 0)",
    ),
)
def relative_loss(subject):
    """A percentage of nothing is beyond all measure.

    The percentage error divides by the target, so one row whose target is 0
    weighs as much as millions of others: the network learns to answer 0. The
    logarithmic error takes every target below 0 for 0.
    """
    for head in heads(subject):
        facts = head.targets
        if facts is None or head.y is None or facts.constant:
            continue
        seen = _seen(head.loss_name, head.y)
        if seen is not None:
            yield found(
                head.where,
                f"{head.loss_name} {seen}.",
                'loss="mean_absolute_error", or "mean_squared_error" with '
                "scaled targets",
                [Repair("loss", "mean_absolute_error")],
            )


def _seen(name, y):
    """Returns what is wrong with these targets for a loss, or `None`."""
    if name not in (_RELATIVE, _LOGARITHMIC):
        return None
    y = np.asarray(y, "float64").ravel()
    y = y[np.isfinite(y)]
    if not y.size:
        return None
    if name == _LOGARITHMIC:
        share = float((y < 0).mean())
        below = f"takes the {share:.0%} of the targets that are below 0 for 0"
        return below if share > _SOME else None
    sizes = np.abs(y)
    tiny = float((sizes <= max(_LEAST, _TINY * np.median(sizes))).mean())
    if not tiny:
        return None
    return f"divides by the targets, of which {tiny:.1%} are 0 or next to it"
