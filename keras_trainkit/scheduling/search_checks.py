"""What a search refuses, and in which words."""

import math

from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.scheduling.active_fit import active_fit


def refuse_not_compiled(model):
    """Raises for what a search cannot train.

    Args:
        model: What the user passed as the model.
    """
    if getattr(model, "optimizer", None) is None:
        raise bad_value(
            "model",
            model,
            "a `keras.Model` compiled with an optimizer",
            "Call `compile`; of a wrapper, such as DistributedDataParallel, "
            "pass the model inside.",
        )


def refuse_other_schedules(model, owner=None):
    """Raises for a search in a `fit` that has schedules, and names them.

    Args:
        model: A `keras.Model`.
        owner: Name of the callback that searches, whose own curve does not
            count. Defaults to `None`: it has none yet.
    """
    run = active_fit(model)
    claims = [] if run is None else run.claims.values()
    found = [
        f"{c.owner} schedules `{c.hyperparameter}`"
        for c in claims
        if c.owner != owner
    ]
    if found:
        raise ValueError(
            "Expected a learning-rate search to be the only schedule of its "
            f"`fit`. Received: a `fit` in which {', '.join(found)}. Search "
            "before that `fit`, by `keras_trainkit.tuning.find_learning_rate` "
            "or in a `fit` of its own."
        )


def refuse_several_steps_a_call(model, owner):
    """Raises where one call of the train function makes several steps."""
    if model.steps_per_execution > 1:
        raise bad_value(
            "steps_per_execution",
            model.steps_per_execution,
            f"1 in a `fit` with {owner}, which needs each loss",
            "Compile with 1, or call "
            "`keras_trainkit.tuning.find_learning_rate`, which sets it "
            "aside.",
        )


def refuse_count(model, counted, expected, owner):
    """Raises for an optimizer that did not count one step for one batch.

    Args:
        model: A `keras.Model`.
        counted: Integer, what its optimizer has counted.
        expected: Integer, another one.
        owner: Name of the callback.
    """
    if not model.trainable_variables:
        raise ValueError(
            f"Expected a model that trains, with {owner}. Received: one in "
            "which nothing is trainable, so no learning rate can be found. "
            "Unfreeze a layer."
        )
    raise bad_value(
        "model",
        type(model).__name__,
        "one whose train step applies its optimizer once to each batch",
        f"It counts {counted} where {expected} are expected.",
    )


def data_ran_out(steps, made):
    """Returns the error for data that ends before the first pass does.

    Args:
        steps: Integer, how many steps were to be made.
        made: Integer, how many were.
    """
    if not made:
        return ValueError(
            "Expected data with at least one batch for a learning-rate "
            "search. Received: data without any. Pass data that is not empty."
        )
    return bad_value(
        "steps",
        steps,
        f"at most {made}: the data ran out there",
        "Pass fewer steps, or data that can be repeated.",
    )


def refuse_first_loss(loss):
    """Raises where the loss is not finite before any update."""
    if not math.isfinite(loss):
        raise ValueError(
            "Expected a finite loss at the first step of a learning-rate "
            f"search, before any update. Received: {loss}. No learning rate "
            "is to blame: look for values that are not finite in the data and "
            "the weights, for labels out of range, and for logarithms and "
            "divisions in the loss."
        )


class HeldFlags:
    """The `trainable` flags of a model, which a search must find unchanged.

    Args:
        model: A `keras.Model`.
        owner: Name of the callback.
    """

    def __init__(self, model, owner):
        self._flags = [(v, v.trainable) for v in model.variables]
        self._owner = owner

    def check(self):
        """Raises when a flag has changed."""
        if any(v.trainable != flag for v, flag in self._flags):
            raise ValueError(
                f"Expected no callback that freezes or unfreezes in a `fit` "
                f"with {self._owner}. Received: a model whose `trainable` "
                "flags have changed since the `fit` began. Search in a `fit` "
                "of its own, or by `keras_trainkit.tuning.find_learning_rate`."
            )
