"""How good predicted probabilities are, once the labels are known."""

import numpy as np

from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_numbers
from keras_trainkit.kernels.probability import calibration
from keras_trainkit.kernels.probability import proper_scores
from keras_trainkit.kernels.probability.probabilities import class_probabilities
from keras_trainkit.kernels.probability.probabilities import class_targets


def negative_log_likelihood(y_true, probabilities, sample_weight=None):
    """Returns the mean negative log-likelihood of the labels.

    The cross-entropy loss as a measure of held-out predictions: it punishes
    confident errors more than any other score. Probabilities are clipped to
    `[eps, 1 - eps]` with the machine epsilon of their dtype, as scikit-learn
    does. Soft targets, such as smoothed labels, weight the logarithms.

    ```
    NLL = mean_i -log(p_i[y_i])                       labels
    NLL = mean_i -sum_k q_i[k] * log(p_i[k])          soft targets q
    ```

    Args:
        y_true: Labels, integers of shape `(N,)` or `(N, 1)`, or one-hot. Or
            soft targets: rows of shape `(N, classes)` that sum to one, of
            two classes also the probability of class 1.
        probabilities: Array of shape `(N, classes)`, or `(N,)` or `(N, 1)`
            with the probability of class 1 of two.
        sample_weight: Array of shape `(N,)` or `(N, 1)` of weights of the
            mean. Defaults to equal weights.

    Returns:
        Float, in nats: 0 at best; for soft targets their own mean entropy.

    Raises:
        ValueError: If shapes do not fit, or values are no probabilities, no
            labels or no weights.
        TypeError: If one of them is not an array of numbers.

    Example:

    >>> p = [[0.5, 0.25, 0.25], [0.0, 0.5, 0.5]]
    >>> nll = ktk.uncertainty.metrics.negative_log_likelihood([0, 1], p)
    >>> round(nll, 3)
    0.693
    """
    floor = _epsilon(probabilities)
    probabilities = class_probabilities(probabilities)
    targets = class_targets(y_true, *probabilities.shape)
    rows = proper_scores.negative_log_likelihood(probabilities, targets, floor)
    return _mean(rows, sample_weight)


def brier_score(y_true, probabilities, sample_weight=None):
    """Returns the mean squared error of the probabilities.

    A proper score like the likelihood, but bounded: one confident error cannot
    outweigh all other predictions. For one column of
    probabilities it is scikit-learn's binary score, half of that of the same
    probabilities in two columns. Soft targets, such as smoothed labels, take
    the place of the zeros and ones.

    ```
    Brier = mean_i sum_k (p_i[k] - q_i[k])**2    (N, classes)
    Brier = mean_i (p_i - q_i)**2                (N,) or (N, 1)
    q_i[k] = [y_i = k] for labels y
    ```

    Args:
        y_true: Labels, integers of shape `(N,)` or `(N, 1)`, or one-hot. Or
            soft targets: rows of shape `(N, classes)` that sum to one, of
            two classes also the probability of class 1.
        probabilities: Array of shape `(N, classes)`, or `(N,)` or `(N, 1)`
            with the probability of class 1 of two.
        sample_weight: Array of shape `(N,)` or `(N, 1)` of weights of the
            mean. Defaults to equal weights.

    Returns:
        Float from 0, the best, to 2; to 1 for one column.

    Raises:
        ValueError: If shapes do not fit, or values are no probabilities, no
            labels or no weights.
        TypeError: If one of them is not an array of numbers.

    Example:

    >>> ktk.uncertainty.metrics.brier_score([0, 1], [0.5, 1.0])
    0.125

    Reference:

    - Brier, 1950: Verification of forecasts expressed in terms of
      probability. Monthly Weather Review 78(1)
    """
    columns = class_probabilities(probabilities)
    targets = class_targets(y_true, *columns.shape)
    rows = proper_scores.squared_error(columns, targets)
    if np.size(probabilities) == len(rows):
        rows = rows / 2
    return _mean(rows, sample_weight)


def expected_calibration_error(
    y_true, probabilities, n_bins=15, strategy="uniform"
):
    """Returns by how much confidence and accuracy differ.

    Of the predictions made with a confidence of 0.8, four in five should be
    right. Predictions are put into bins by the probability of their top
    class, and the gaps between mean confidence and accuracy are averaged
    over the predictions. `plots.reliability_diagram` draws them.

    It is no proper score: always predicting the frequencies of the classes
    gives about 0. It is biased upwards where bins hold few predictions, so
    compare it only for the same `N` and `n_bins`.

    ```
    ECE = sum_b n_b / N * |accuracy_b - confidence_b|
    ```

    Args:
        y_true: Labels, integers of shape `(N,)` or `(N, 1)`, or one-hot. Of
            soft targets the most probable class is the label, since a
            prediction is right or wrong; smoothing does not change it.
        probabilities: Array of shape `(N, classes)`, or `(N,)` or `(N, 1)`
            with the probability of class 1 of two; its top class may be
            either.
        n_bins: Integer above 0. Defaults to 15.
        strategy: `"uniform"` for bins of one width over [0, 1], or
            `"quantile"` for bins of about as many predictions each. Defaults
            to `"uniform"`.

    Returns:
        Float from 0, the best, to 1.

    Raises:
        ValueError: If shapes do not fit, or values are no probabilities or
            labels; if two classes of a soft target are equally probable; if
            `n_bins` is below 1; if `strategy` is unknown.
        TypeError: If `n_bins` is not an integer, `strategy` no string, or
            labels or probabilities are not arrays of numbers.

    Example:

    >>> p = [[0.75, 0.25]] * 4
    >>> ece = ktk.uncertainty.metrics.expected_calibration_error
    >>> ece([0, 0, 0, 1], p), ece([0, 0, 0, 0], p)
    (0.0, 0.25)

    Reference:

    - [Guo et al., 2017](https://arxiv.org/abs/1706.04599)
    """
    bins = calibration.reliability(y_true, probabilities, n_bins, strategy)
    return calibration.calibration_error(bins)


def _epsilon(probabilities):
    dtype = np.asarray(probabilities).dtype
    # Lists of whole numbers, and bfloat16, which NumPy does not know.
    known = np.issubdtype(dtype, np.floating)
    return np.finfo(dtype if known else "float64").eps


def _mean(rows, sample_weight):
    if sample_weight is None:
        return float(rows.mean())
    weights = require_numbers("sample_weight", sample_weight)
    if weights.shape not in (rows.shape, (len(rows), 1)):
        raise bad_value(
            "sample_weight",
            f"array of shape {weights.shape}",
            f"of shape {rows.shape} or ({len(rows)}, 1), a weight for each "
            "prediction",
        )
    weights = weights.reshape(rows.shape)
    if not (np.isfinite(weights) & (weights >= 0)).all() or not weights.any():
        raise bad_value(
            "sample_weight",
            sample_weight,
            "made of finite numbers of at least 0, not all of them 0",
        )
    return float(np.average(rows, weights=weights))
