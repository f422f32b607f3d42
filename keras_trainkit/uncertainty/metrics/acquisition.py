"""How uncertain each prediction is: what active learning labels first."""

import numpy as np

from keras_trainkit.kernels.probability import entropies
from keras_trainkit.kernels.probability.probabilities import class_probabilities
from keras_trainkit.kernels.probability.probabilities import (
    sampled_probabilities,
)


def bald(samples):
    """Returns what the samples of each prediction disagree about.

    The mutual information between the prediction and the weights ("Bayesian
    active learning by disagreement"): large where each sample is confident and
    the samples contradict each other, which more data like this would resolve;
    small where all of them are uncertain in the same way, which more data would
    not resolve. The same as `prediction.mutual_information` of `mc_predict`,
    for samples that you have already.

    ```
    I = H(mean_s p_s) - mean_s H(p_s),    H(p) = -sum_k p_k * log(p_k)
    ```

    Args:
        samples: Array of probabilities of shape `(samples, N, classes)`, or
            `(samples, N)` or `(samples, N, 1)` for two classes.

    Returns:
        Float64 array of shape `(N,)`, in nats: from 0 to `log(classes)`.

    Raises:
        ValueError: If `samples` has another shape, or values that are no
            probabilities.
        TypeError: If `samples` is not an array of numbers.

    Example:

    >>> agreed = [[0.5, 0.5], [0.5, 0.5]]
    >>> contradicting = [[0.0, 1.0], [1.0, 0.0]]
    >>> samples = np.stack([agreed, contradicting], axis=1)
    >>> ktk.uncertainty.metrics.bald(samples).round(3).tolist()
    [0.0, 0.693]

    Reference:

    - [Houlsby et al., 2011](https://arxiv.org/abs/1112.5745)
    """
    samples = sampled_probabilities(samples)
    return entropies.mutual_information(
        entropies.entropy(samples.mean(axis=0)),
        entropies.entropy(samples).mean(axis=0),
    )


def entropy(probabilities):
    """Returns the entropy of each prediction.

    The total uncertainty, whether the data or the weights cause it.

    ```
    H(p) = -sum_k p_k * log(p_k)
    ```

    Args:
        probabilities: Array of shape `(N, classes)`, or `(N,)` or `(N, 1)`
            for two classes.

    Returns:
        Float64 array of shape `(N,)`, in nats: from 0 to `log(classes)`.

    Raises:
        ValueError: If `probabilities` has another shape, or values that are
            no probabilities.
        TypeError: If `probabilities` is not an array of numbers.

    Example:

    >>> p = [[0.25, 0.25, 0.25, 0.25], [1.0, 0.0, 0.0, 0.0]]
    >>> ktk.uncertainty.metrics.entropy(p).round(3).tolist()
    [1.386, 0.0]
    """
    return entropies.entropy(class_probabilities(probabilities))


def margin(probabilities):
    """Returns by how much the top class is ahead of the second.

    **Small** values are uncertain ones. It looks at the two best classes
    only: for active learning near the boundary between two classes out of
    many, where the entropy would count the many small ones.

    ```
    margin = p_(1) - p_(2),    p_(1) >= p_(2) >= ...
    ```

    Args:
        probabilities: Array of shape `(N, classes)`, or `(N,)` or `(N, 1)`
            for two classes.

    Returns:
        Float64 array of shape `(N,)`, values in [0, 1].

    Raises:
        ValueError: If `probabilities` has another shape, or values that are
            no probabilities.
        TypeError: If `probabilities` is not an array of numbers.

    Example:

    >>> p = [[0.5, 0.3, 0.2], [0.2, 0.4, 0.4]]
    >>> ktk.uncertainty.metrics.margin(p).round(3).tolist()
    [0.2, 0.0]

    Reference:

    - [Scheffer et al., 2001](https://doi.org/10.1007/3-540-44816-0_31)
    """
    second, first = np.sort(class_probabilities(probabilities))[:, -2:].T
    return first - second
