"""How well a trained program does on its held-out rows, whatever its loss."""

import numpy as np


def score(program, model=None):
    """Returns the share of right answers, or R² for a regression.

    A program and its repair may differ in loss, output and coding of the
    targets; this number compares them. 0 to 1, or -1 to 1 for R²; predictions
    that are not finite count as the worst.

    Args:
        program: A `Program` with `task` and `validation_data`.
        model: The trained model; the program's own one if None.
    """
    x, y = program.validation_data
    model = program.model if model is None else model
    predicted = np.asarray(model.predict(x, verbose=0), "float64")
    return TASKS[program.task](np.asarray(y), predicted)


def _classes(y, predicted):
    predicted = np.nan_to_num(predicted, nan=-1.0)
    if predicted.shape[-1] > 1:
        answers = predicted.argmax(-1)
    else:
        answers = predicted[..., 0]
        two = y.shape[-1:] == (2,) or y.max() <= 1
        answers = answers > 0.5 if two else np.round(answers)
    one_hot = y.ndim > 1 and y.shape[-1] > 1
    truth = y.argmax(-1) if one_hot else y.reshape(answers.shape)
    return float(np.mean(answers == truth))


def _labels(y, predicted):
    return float(np.mean((np.nan_to_num(predicted) > 0.5) == (y > 0.5)))


def _regression(y, predicted):
    if not np.isfinite(predicted).all():
        return -1.0
    y = y.reshape(predicted.shape).astype("float64")
    spread = np.square(y - y.mean(0)).sum()
    return float(max(-1.0, 1 - np.square(y - predicted).sum() / spread))


TASKS = {"classes": _classes, "labels": _labels, "regression": _regression}
