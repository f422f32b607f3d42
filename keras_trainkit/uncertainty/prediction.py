"""What the samples of a model show about each row of the data."""

import numpy as np

from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_choice
from keras_trainkit.kernels.argument_checks import require_number
from keras_trainkit.kernels.probability.entropies import binary_entropy
from keras_trainkit.kernels.probability.entropies import entropy
from keras_trainkit.kernels.probability.entropies import mutual_information
from keras_trainkit.kernels.probability.prediction_kind import KINDS
from keras_trainkit.kernels.sample_statistics import standard_error
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
        sample_count: Integer array of shape `(N,)`, how many samples of each
            row were drawn. Defaults to `None`: not known.
        tolerance: Number, the standard error that was asked for. Defaults to
            `None`: none was.

    Attributes:
        mean: As given.
        std: As given.
        kind: As given.
        sample_count: As given.
        tolerance: As given.

    Raises:
        ValueError: If `kind` is another; by the entropies of a regression,
            by `samples` if they were not kept, by `standard_error` if their
            number is not known, and by `converged` if no tolerance was asked
            for.
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

    def __init__(
        self,
        mean,
        std,
        kind,
        expected_entropy=None,
        samples=None,
        sample_count=None,
        tolerance=None,
    ):
        require_choice("kind", kind, KINDS)
        arrays = {
            "mean": mean,
            "std": std,
            "expected_entropy": expected_entropy,
            "samples": samples,
            "sample_count": sample_count,
        }
        for name, array in arrays.items():
            missing = array is None and name not in ("mean", "std")
            if not missing and not getattr(array, "ndim", 0):
                raise bad_type(name, array, "an array")
        if tolerance is not None:
            require_number("tolerance", tolerance, "a number", lambda v: v == v)
        self.mean = mean
        self.std = std
        self.kind = kind
        self.sample_count = sample_count
        self.tolerance = tolerance
        self._expected_entropy = expected_entropy
        self._samples = samples

    def __repr__(self):
        text = f"kind={self.kind!r}, shape={self.mean.shape}"
        if self.tolerance is not None:
            drawn, done = self.sample_count, self.converged
            text += f", {drawn.min()} to {drawn.max()} samples, "
            text += f"{done.sum()} of {len(done)} rows converged"
        return f"MCPrediction({text})"

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
    def standard_error(self):
        """How far `mean` may be from that of endless samples, one sigma.

        Estimated from the samples themselves: `std / sqrt(sample_count - 1)`.
        """
        if self.sample_count is None:
            raise ValueError(
                "`standard_error` needs the number of samples. Received: a "
                "prediction with sample_count=None. Pass `sample_count`."
            )
        shape = (-1, *(1 for _ in self.std.shape[1:]))
        return standard_error(self.std, self.sample_count.reshape(shape))

    @property
    def converged(self):
        """Which rows have every standard error within the tolerance.

        Boolean array of shape `(N,)`. The others ran into `max_samples`.
        """
        if self.tolerance is None:
            raise ValueError(
                "`converged` needs a tolerance. Received: a prediction for "
                "which none was asked for. Call `mc_predict` with "
                '`samples="auto"` and a `tolerance`, or look at '
                "`standard_error`."
            )
        return _every(self.standard_error <= self.tolerance)

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

    def confident(self, min_probability=None, max_std=None):
        """Returns the rows to act on; the others are for a human.

        A row counts if the answer in it is probable enough, if its samples
        agree well enough, or both, as is asked for. Where a row holds several
        answers, such as the pixels of an image or independent labels, all of
        them have to.

        Args:
            min_probability: Number in [0, 1], how probable the answer must
                be in the mean: the most probable class, for a binary one
                `max(p, 1 - p)`. Defaults to `None`: any.
            max_std: Number of at least 0, the largest standard deviation that
                any value of the row may have. Defaults to `None`: any.

        Returns:
            Boolean array of shape `(N,)`. A value that is NaN is never
            confident.

        Raises:
            ValueError: If neither is given, if a number is out of range, or
                for `min_probability` of a regression.
            TypeError: If an argument is no number.

        Example:

        >>> prediction = ktk.uncertainty.MCPrediction(
        ...     mean=np.array([[0.9, 0.1], [0.6, 0.4], [0.9, 0.1]]),
        ...     std=np.array([[0.1, 0.1], [0.1, 0.1], [0.3, 0.3]]),
        ...     kind="classification",
        ... )
        >>> prediction.confident(min_probability=0.8).tolist()
        [True, False, True]
        >>> prediction.confident(min_probability=0.8, max_std=0.2).tolist()
        [True, False, False]
        """
        if min_probability is None and max_std is None:
            raise bad_value(
                "min_probability",
                min_probability,
                "a number in [0, 1], unless `max_std` is given",
            )
        rows = np.ones(len(self.mean), bool)
        if min_probability is not None:
            require_number(
                "min_probability",
                min_probability,
                "a number in [0, 1]",
                lambda v: 0 <= v <= 1,
            )
            self._require_probabilities("min_probability")
            rows &= _every(self._probability() >= min_probability)
        if max_std is not None:
            require_number(
                "max_std", max_std, "a number of at least 0", lambda v: v >= 0
            )
            rows &= _every(self.std <= max_std)
        return rows

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

    def _probability(self):
        """The probability of the answer that the mean gives."""
        if self.kind == "binary":
            return np.maximum(self.mean, 1 - self.mean)
        return self.mean.max(axis=-1)

    def _require_probabilities(self, name):
        if self.kind == "regression":
            raise ValueError(
                f"`{name}` needs probabilities. Received: a prediction of "
                "kind='regression', with values that are none. Use `std`; if "
                "the model returns logits, call `mc_predict` with "
                "`from_logits=True`."
            )


def prediction_of(found, samples, kind, tolerance=None):
    """Returns the `MCPrediction` of the statistics of all batches.

    Args:
        found: List of dictionaries of arrays, one for each batch, see
            `kernels.sample_statistics`.
        samples: List of arrays of shape `(samples, batch, ...)`, or `None`.
        kind: One of `kernels.probability.prediction_kind.KINDS`.
        tolerance: As for `MCPrediction`. Defaults to `None`.
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
    counts = [np.full(len(one["mean"]), int(one["count"])) for one in found]
    counts = np.concatenate(counts)
    return MCPrediction(mean, std, kind, expected, samples, counts, tolerance)


def _every(values):
    """Whether all that there is in each row is true."""
    return values.reshape((len(values), -1)).all(axis=1)
