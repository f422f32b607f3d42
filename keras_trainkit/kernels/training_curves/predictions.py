"""Whether predictions depend on what is predicted."""

import numpy as np


def is_constant(outputs, least=1e-4):
    """Whether a model gives the same for all rows.

    The largest spread of a column over the rows is below `least` of the
    outputs' size.

    Args:
        outputs: Array of shape `(rows, ...)`.
        least: Float. Defaults to 1e-4.
    """
    flat = np.asarray(outputs, "float64").reshape(len(outputs), -1)
    if len(flat) < 2 or not np.isfinite(flat).all():
        return False
    spread = (flat.max(axis=0) - flat.min(axis=0)).max()
    return bool(spread <= least * max(np.abs(flat).max(), 1e-12))


def top_class(outputs, binary_bound=0.5):
    """Returns the class that most rows are given, and the share of rows.

    Args:
        outputs: Array of shape `(rows, classes)`, or `(rows, 1)` or `(rows,)`
            for the score of class 1 of two.
        binary_bound: The score above which that is class 1. Defaults to 0.5.
    """
    classes = predicted_classes(outputs, binary_bound)
    names, counts = np.unique(classes, return_counts=True)
    most = int(np.argmax(counts))
    return int(names[most]), float(counts[most] / counts.sum())


def predicted_classes(outputs, binary_bound=0.5):
    """Returns the predicted class of each row, see `top_class`."""
    outputs = np.asarray(outputs)
    if outputs.ndim < 2 or outputs.shape[-1] == 1:
        return (outputs.reshape(-1) > binary_bound).astype(int)
    return outputs.argmax(axis=-1).reshape(-1)


def clipped_share(outputs, targets, lower, upper):
    """Returns the share of targets that outputs in a range cannot reach.

    Args:
        outputs: Array of predictions; where they lie on a bound of the range
            is what the activation has clipped.
        targets: Array of as many numbers.
        lower: The least output, or `-inf`.
        upper: The largest output, or `inf`.

    Returns:
        Tuple of the share of targets outside of the range, and of outputs on
        its bounds.
    """
    outputs = np.asarray(outputs, "float64").ravel()
    targets = np.asarray(targets, "float64").ravel()
    outside = (targets < lower) | (targets > upper)
    width = upper - lower if np.isfinite(upper - lower) else 1.0
    near = 1e-6 * width
    on_bound = (outputs <= lower + near) | (outputs >= upper - near)
    return float(outside.mean()), float(on_bound.mean())
