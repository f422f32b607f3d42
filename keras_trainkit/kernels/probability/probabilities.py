"""What predicted probabilities and their labels must look like."""

import numpy as np

from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value

# Rows of a float16 softmax sum to one within about this; logits do not.
_SUM = 1e-2
# Means of probabilities round past the ends of [0, 1].
_ROUNDING = 1e-5


def class_probabilities(probabilities, name="probabilities"):
    """Returns checked probabilities with one column for each class.

    Args:
        probabilities: Array of shape `(N, classes)` whose rows sum to one,
            or `(N,)` or `(N, 1)` with the probability of the second of two
            classes.
        name: What the user calls them.

    Returns:
        Float64 array of shape `(N, classes)`, two columns for `(N,)`.

    Raises:
        ValueError: If they have another shape, or are no probabilities.
        TypeError: If they are no numbers.
    """
    values = _numbers(name, probabilities)
    if values.ndim not in (1, 2) or not values.size:
        raise _bad_shape(
            name,
            values,
            "(N, classes), or (N,) or (N, 1) for two classes",
            "Reshape predictions with more axes to (-1, classes).",
        )
    _check_range(
        name,
        values,
        "Apply a softmax (one probability: a sigmoid) to logits first.",
    )
    values = values.clip(0, 1)
    if values.ndim == 2 and values.shape[1] > 1:
        _check_sums(name, values)
        return values
    values = values.reshape(-1)
    return np.stack([1 - values, values], axis=1)


def sampled_probabilities(samples, name="samples"):
    """Returns checked probabilities of several samples.

    Args:
        samples: Array of shape `(samples, N, classes)`, or `(samples, N)` or
            `(samples, N, 1)` for two classes.
        name: What the user calls them.

    Returns:
        Float64 array of shape `(samples, N, classes)`.

    Raises:
        ValueError: If they have another shape, or are no probabilities.
        TypeError: If they are no numbers.
    """
    values = _numbers(name, samples)
    if values.ndim not in (2, 3) or not values.size:
        raise _bad_shape(
            name,
            values,
            "(samples, N, classes), or (samples, N) or (samples, N, 1) for "
            "two classes",
        )
    drawn, rows = values.shape[:2]
    flat = values.reshape((drawn * rows, *values.shape[2:]))
    return class_probabilities(flat, name).reshape((drawn, rows, -1))


def class_targets(targets, rows, classes, name="y_true"):
    """Returns checked targets as one distribution over the classes each.

    Args:
        targets: Whole numbers in [0, classes) of shape `(rows,)` or
            `(rows, 1)`; of two classes, also the probability of the second
            one. Or one-hot or soft, of shape `(rows, classes)`: rows of
            probabilities that sum to one.
        rows: How many there must be.
        classes: How many classes there are, at least two.
        name: What the user calls them.

    Returns:
        Float64 array of shape `(rows, classes)`.

    Raises:
        ValueError: If they have another shape, or other values.
        TypeError: If they are no numbers.
    """
    values = _numbers(name, targets)
    if values.shape == (rows, classes):
        _check_range(name, values)
        _check_sums(name, values)
        return values.clip(0, 1)
    if values.shape not in ((rows,), (rows, 1)):
        raise _bad_shape(
            name,
            values,
            f"({rows},), ({rows}, 1) or ({rows}, {classes}): as many labels as "
            "probabilities, integer, one-hot or soft",
        )
    values = values.reshape(-1)
    if classes == 2 and ((values >= 0) & (values <= 1)).all():
        return np.stack([1 - values, values], axis=1)
    whole = values == np.floor(values)
    wrong = values[~(whole & (values >= 0) & (values < classes))]
    if len(wrong):
        soft = ", or of probabilities of class 1" if classes == 2 else ""
        raise bad_value(
            name,
            wrong[0].item(),
            f"made of whole numbers from 0 to {classes - 1}{soft}",
        )
    return np.eye(classes)[values.astype("int64")]


def class_labels(targets, rows, classes, name="y_true"):
    """Returns the class that each of the checked targets is for.

    Args:
        targets: As for `class_targets`; of a soft one, the class with the
            largest probability.
        rows: How many there must be.
        classes: How many classes there are, at least two.
        name: What the user calls them.

    Returns:
        Integer array of shape `(rows,)`.

    Raises:
        ValueError: As `class_targets`, and if two classes of a row are
            equally probable: then there is no label.
        TypeError: If they are no numbers.
    """
    values = class_targets(targets, rows, classes, name)
    highest = values.max(axis=1, keepdims=True)
    tied = (values == highest).sum(axis=1) > 1
    if tied.any():
        raise bad_value(
            name,
            values[tied][0].tolist(),
            "such that one class of each row is the most probable",
            "Leave out the rows without a label.",
        )
    return values.argmax(axis=1)


def _bad_shape(name, values, expected, hint=""):
    received = f"array of shape {values.shape}"
    return bad_value(name, received, f"of shape {expected}", hint)


def _numbers(name, values):
    values = np.asarray(values)
    if values.dtype.kind in "OSUcmM":
        raise bad_type(name, values, "an array of real numbers")
    return values.astype("float64")


def _check_range(name, values, hint=""):
    inside = (values >= -_ROUNDING) & (values <= 1 + _ROUNDING)
    if not inside.all():
        raise bad_value(
            name,
            values[~inside][0].item(),
            "made of probabilities, in [0, 1]",
            hint,
        )


def _check_sums(name, values):
    sums = values.sum(axis=1)
    wrong = sums[np.abs(sums - 1) > _SUM]
    if len(wrong):
        raise bad_value(
            name,
            f"a row with the sum {wrong[0]:.6g}",
            "made of rows that sum to 1",
            "Of probabilities that do not exclude each other, pass one "
            "column at a time.",
        )
