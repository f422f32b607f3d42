"""What inputs and labels to evaluate predictions on must look like."""

import keras
import numpy as np

from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.probability.probabilities import class_labels


def require_labelled_data(x, y):
    """Raises unless `x` are inputs of a model and `y` their classes.

    How many classes the model tells apart is not known yet: labels that are
    too large for it are refused where its predictions are measured.

    Args:
        x: What was received as inputs.
        y: What was received as targets: labels or soft targets, see
            `uncertainty.metrics.negative_log_likelihood`.

    Raises:
        ValueError: If they have not the same number of rows, or `y` is made
            of other values, or has rows in which no class is the likeliest.
        TypeError: If they are no arrays.
    """
    arrays = keras.tree.flatten(x)
    if not arrays or not all(getattr(one, "shape", ()) for one in arrays):
        raise bad_type(
            "x",
            x,
            "an array, or a list or dict of arrays",
            "Collect the batches of a dataset into arrays first.",
        )
    targets = np.asarray(y)
    if targets.dtype.kind not in "biuf" or not targets.ndim:
        raise bad_type("y", y, "an array of labels")
    rows = {len(targets), *(one.shape[0] for one in arrays)}
    if len(rows) > 1:
        raise bad_value(
            "x, y", f"{sorted(rows)} rows", "of the same number of rows"
        )
    _require_classes(targets)


def _require_classes(targets):
    rows = len(targets)
    one_column = targets.shape in ((rows,), (rows, 1))
    if targets.ndim == 2 and not one_column:
        class_labels(targets, *targets.shape, "y")
    elif one_column and ((targets >= 0) & (targets <= 1)).all():
        class_labels(targets, rows, 2, "y")
    elif not one_column or not _counts(targets):
        raise bad_value(
            "y",
            f"an array of {targets.dtype.name} of shape {targets.shape}",
            "class labels: integers, one-hot, or probabilities of the classes",
            "For regression, see the spread that `mc_predict` returns.",
        )


def _counts(values):
    return ((values >= 0) & (values == np.floor(values))).all()
