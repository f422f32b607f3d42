"""How uncertain probabilities are, in nats."""

import numpy as np


def entropy(probabilities):
    """Returns the entropy of a distribution over the last axis.

    ```
    H(p) = -sum_k p_k * log(p_k),    0 * log(0) = 0
    ```

    Args:
        probabilities: Array of shape `(..., classes)`. They are not
            normalised here.

    Returns:
        Float array of shape `(...)`, in nats: 0 if certain, `log(classes)`
        at most.
    """
    return _terms(np.asarray(probabilities)).sum(axis=-1)


def binary_entropy(probabilities):
    """Returns the entropy of a yes or no, for each probability of yes.

    ```
    H(p) = -p * log(p) - (1 - p) * log(1 - p)
    ```

    Args:
        probabilities: Array of any shape.

    Returns:
        Float array of the same shape, in nats: 0 if certain, `log(2)` at
        most.
    """
    probabilities = np.asarray(probabilities)
    return _terms(probabilities) + _terms(1 - probabilities)


def mutual_information(entropy_of_mean, mean_of_entropies):
    """Returns what the samples disagree about: `H(E[p]) - E[H(p)]`.

    It is never negative; rounding may make it so where all samples agree,
    so it is clipped at 0.

    Args:
        entropy_of_mean: Array of any shape, in nats.
        mean_of_entropies: Array of the same shape, in nats.

    Returns:
        Array of the same shape, in nats.
    """
    gained = np.asarray(entropy_of_mean) - np.asarray(mean_of_entropies)
    return np.maximum(gained, 0)


def _terms(p):
    # Softmax and sigmoid round past the ends of [0, 1].
    p = np.clip(p, 0, 1)
    # Nothing is taken of it where p is 0; there log would warn.
    return -p * np.log(np.where(p > 0, p, 1))
