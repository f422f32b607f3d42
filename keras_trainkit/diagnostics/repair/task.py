"""What a model's output is to learn, told by its targets, and how well."""

import dataclasses

import keras
import numpy as np

from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.data_facts.targets import TargetFacts
from keras_trainkit.kernels.data_facts.targets import target_facts
from keras_trainkit.kernels.held_out.credits import class_credits
from keras_trainkit.kernels.held_out.credits import label_credits
from keras_trainkit.kernels.held_out.credits import value_credits
from keras_trainkit.kernels.held_out.labels import class_places
from keras_trainkit.kernels.held_out.labels import predicted_places
from keras_trainkit.kernels.held_out.target_coding import TargetCoding

SCORES = ("accuracy", "balanced accuracy", "R2")
# So much larger than its even share a class may be before accuracy misleads.
_UNEVEN = 1.5
_FEW = 100


@dataclasses.dataclass(frozen=True)
class Task:
    """What one output is to learn.

    Attributes:
        kind: `"classes"` (one of several a row), `"labels"` (yes or no to
            each of several) or `"values"`.
        score: The name of what is measured, an element of `SCORES`.
        facts: The `TargetFacts` of the targets.
        coding: The `TargetCoding` that leaves the targets as they are.
    """

    kind: str
    score: str
    facts: TargetFacts
    coding: TargetCoding

    def credits(self, y, outputs, coding, logits=False, hinge=False):
        """Returns the credit of each row, whose mean is the score.

        Args:
            y: Array of held-out targets as the user writes them.
            outputs: Array of a model's outputs for the same rows.
            coding: The `TargetCoding` that it was trained with.
            logits: Whether its outputs are logits. Defaults to `False`.
            hinge: Whether its loss is a hinge, which takes 0 for the border
                between classes. Defaults to `False`.
        """
        outputs = np.asarray(outputs)
        if len(outputs) != len(y):
            raise bad_value("y", len(y), f"of {len(outputs)} rows")
        if self.kind == "classes":
            bound = 0.0 if logits or hinge else None
            places = class_places(y, self.coding.labels)
            guesses = predicted_places(outputs, coding.coded_labels, bound)
            guesses = _like(guesses, places)
            balanced = self.score == "balanced accuracy"
            return class_credits(places, guesses, balanced)
        outputs = _like(coding.decode(outputs), y)
        if self.kind == "labels":
            return label_credits(y, outputs > (0.0 if logits else 0.5))
        return value_credits(np.asarray(y), outputs)


def task_of(y, rank=None, classifies=False):
    """Returns the `Task` that targets pose.

    Args:
        y: Array of targets.
        rank: Integer, the axes of the model's output: one more than `y` has
            makes classes of numbers. Defaults to `None`: not known.
        classifies: Whether a loss for classes takes them: it decides on whole
            numbers with gaps alone. Defaults to `False`.
    """
    y = np.asarray(y)
    vectors = y.ndim > 1 and (rank is None or y.ndim >= rank)
    facts = target_facts(y, vectors)
    if classifies and facts.kind == "integers":
        facts = _with_classes(facts, y)
    if facts.classes and facts.kind != "multi_hot":
        uneven = facts.largest_share > _UNEVEN / max(2, len(facts.classes))
        return Task(
            "classes",
            "balanced accuracy" if uneven else "accuracy",
            facts,
            TargetCoding(facts.classes),
        )
    if facts.kind == "multi_hot":
        return Task("labels", "balanced accuracy", facts, TargetCoding())
    if facts.kind in ("real", "unit", "distribution", "integers"):
        return Task("values", "R2", facts, TargetCoding())
    raise bad_value("y", facts.kind, "classes or finite numbers")


def require_rows(name, x, y):
    """Raises unless there are as many targets as inputs.

    Args:
        name: Of the argument that the targets are in.
        x: Arrays of inputs, as for `fit`.
        y: Arrays of targets, likewise.
    """
    rows = {len(one) for one in keras.tree.flatten((x, y)) if np.ndim(one)}
    if len(rows) > 1:
        raise bad_value(
            name, f"{sorted(rows)} rows", "as many targets as inputs"
        )


def require_like(targets, held_out):
    """Raises unless held-out targets have the shape of those of `fit`.

    Args:
        targets: List of arrays, one an output.
        held_out: Likewise.
    """
    shapes = [one.shape[1:] for one in targets]
    others = [one.shape[1:] for one in held_out]
    if shapes != others:
        raise bad_value("validation_data", others, f"like y: {shapes}")


def _with_classes(facts, y):
    """Takes whole numbers for classes, unless there are too many of them."""
    labels, counts = np.unique(y, return_counts=True)
    if len(labels) > _FEW:
        return facts
    return dataclasses.replace(
        facts,
        classes=tuple(labels.astype(int).tolist()),
        counts=tuple(counts.tolist()),
    )


def _like(predicted, y):
    """Gives predictions the shape of targets; what has none counts as wrong."""
    if predicted.shape == y.shape:
        return predicted
    if predicted.size == y.size:
        return predicted.reshape(y.shape)
    try:
        return np.broadcast_to(predicted, y.shape)
    except ValueError:
        return np.full(y.shape, -1 if predicted.dtype.kind == "i" else np.nan)
