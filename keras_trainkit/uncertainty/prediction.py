"""What the samples of a model show about each row of the data."""

import numpy as np

from keras_trainkit.kernels.argument_checks import require_choice
from keras_trainkit.kernels.probability.entropies import binary_entropy
from keras_trainkit.kernels.probability.entropies import entropy
from keras_trainkit.kernels.probability.entropies import mutual_information
from keras_trainkit.kernels.probability.prediction_kind import KINDS
from keras_trainkit.plots.uncertainty import plot_most_and_least_certain


class MCPrediction:
    """The prediction of `mc_predict` for one output of a model.

    The uncertainty of a probability has two parts. The **expected entropy** is
    the uncertainty of each sample by itself: noise in the data that more data
    would not remove. The **mutual information** is what the samples disagree
    about: what the model does not know. Both are in nats and add up to the
    **entropy** of the mean.

    ```
    mean = 1/S * sum_s p_s
    std = sqrt(1/S * sum_s (p_s - mean)**2)
    entropy = H(mean)
    expected_entropy = 1/S * sum_s H(p_s)
    mutual_information = entropy - expected_entropy
    ```

    `H` is the entropy over the last axis for a classification, and that of
    each single probability for a binary prediction.

    Args:
        mean: Array of shape `(N, ...)`, the mean of the samples.
        std: Array of the same shape, their standard deviation.
        kind: `"classification"`, `"binary"` or `"regression"`.
        expected_entropy: Array of shape `(N, ...)`, without the last axis for
            a classification. Defaults to `None`: it is a regression.
        samples: Array of shape `(samples, N, ...)`. Defaults to `None`.

    Attributes:
        mean: As given.
        std: As given.
        kind: As given.

    Raises:
        ValueError: If `kind` is another; by the entropies of a regression,
            and by `samples` if they were not kept.
        TypeError: If `kind` is no string.

    Example:

    >>> prediction = ktk.uncertainty.MCPrediction(
    ...     mean=np.array([[1.0, 0.0], [0.5, 0.5]]),
    ...     std=np.array([[0.0, 0.0], [0.5, 0.5]]),
    ...     kind="classification",
    ...     expected_entropy=np.array([0.0, 0.0]),
    ... )
    >>> prediction.mutual_information.round(3).tolist()
    [0.0, 0.693]

    Reference:

    - [Houlsby et al., 2011](https://arxiv.org/abs/1112.5745)
    - [Gal, Islam and Ghahramani, 2017](https://arxiv.org/abs/1703.02910)
    """

    def __init__(self, mean, std, kind, expected_entropy=None, samples=None):
        require_choice("kind", kind, KINDS)
        self.mean = mean
        self.std = std
        self.kind = kind
        self._expected_entropy = expected_entropy
        self._samples = samples

    def __repr__(self):
        return f"MCPrediction(kind={self.kind!r}, shape={self.mean.shape})"

    @property
    def samples(self):
        """The samples, of shape `(samples, N, ...)`."""
        if self._samples is None:
            raise ValueError(
                "The samples were not kept: their memory grows with their "
                "number. Call `mc_predict` with `return_samples=True`."
            )
        return self._samples

    @property
    def entropy(self):
        """The entropy of the mean, in nats: all that is uncertain."""
        self._require_probabilities("entropy")
        if self.kind == "binary":
            return binary_entropy(self.mean)
        return entropy(self.mean)

    @property
    def expected_entropy(self):
        """The mean of the samples' entropies, in nats: noise in the data."""
        self._require_probabilities("expected_entropy")
        return self._expected_entropy

    @property
    def mutual_information(self):
        """What the samples disagree about, in nats; at least 0."""
        self._require_probabilities("mutual_information")
        return mutual_information(self.entropy, self.expected_entropy)

    def uncertainty(self):
        """Returns one number for each row, by which rows can be ranked.

        Returns:
            Array of shape `(N,)`: the entropy, for a regression the standard
            deviation, averaged over what else there is in a row.
        """
        values = self.std if self.kind == "regression" else self.entropy
        return values.reshape((len(values), -1)).mean(axis=1)

    def plot(self, images=None, count=8, axes=None):
        """Draws the rows that the model is most and least certain about.

        See `keras_trainkit.plots.plot_most_and_least_certain`.

        Args:
            images: Array of shape `(N, rows, columns)` or `(N, rows, columns,
                channels)`, what to draw for each row of the data. Defaults to
                `None`: the mean, with the standard deviation as error bars.
            count: Integer, how many of each. Defaults to `8`.
            axes: Array of matplotlib `Axes` of shape `(2, count)` to draw
                into. Defaults to those of a new figure.

        Returns:
            The array of `Axes`.
        """
        classes = self.kind == "classification" and self.mean.ndim == 2
        return plot_most_and_least_certain(
            self.mean,
            self.std,
            self.uncertainty(),
            images,
            labels=self.mean.argmax(axis=-1) if classes else None,
            count=count,
            axes=axes,
        )

    def _require_probabilities(self, name):
        if self.kind == "regression":
            raise ValueError(
                f"`{name}` needs probabilities. Received: a prediction of "
                "kind='regression', with values that are none. Use `std`; if "
                "the model returns logits, call `mc_predict` with "
                "`from_logits=True`."
            )


def prediction_of(found, samples, kind):
    """Returns the `MCPrediction` of the statistics of all batches.

    Args:
        found: List of dictionaries of arrays, one for each batch, see
            `kernels.sample_statistics`.
        samples: List of arrays of shape `(samples, batch, ...)`, or `None`.
        kind: One of `kernels.probability.prediction_kind.KINDS`.
    """
    mean = np.concatenate([one["mean"] for one in found])
    variances = [one["squares"] / one["count"] for one in found]
    expected = None
    if kind != "regression":
        names = ("yes",) if kind == "classification" else ("yes", "no")
        expected = np.concatenate(
            [sum(one[name] for name in names) / one["count"] for one in found]
        )
        if kind == "classification":
            expected = expected.sum(axis=-1)
    if samples is not None:
        samples = np.concatenate(samples, axis=1)
    std = np.sqrt(np.concatenate(variances))
    return MCPrediction(mean, std, kind, expected, samples)
