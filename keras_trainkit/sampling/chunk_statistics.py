"""The statistics of a chunk, on the host where that is faster."""

import math

import keras
import numpy as np

from keras_trainkit.kernels.sample_statistics import as_samples
from keras_trainkit.kernels.sample_statistics import merged
from keras_trainkit.kernels.sample_statistics import summarise

# Up to this size NumPy needs less for a call than a backend that is eager.
_SMALL = 2**16


def summarised(drawn, settled, weights, on_host):
    """Returns the statistics of one chunk, and its samples.

    Args:
        drawn: List of tensors of shape `(samples, rows, ...)`, one for each
            output of the model.
        settled: List of a pair `(kind, from_logits)` for each of them.
        weights: Array of shape `(samples,)`: 1 for samples that count.
        on_host: Whether small tensors may be reduced by NumPy.

    Returns:
        Tuple of a list of dictionaries, see `kernels.sample_statistics`, and
        a list of tensors, logits turned into probabilities.
    """
    found, kept = [], []
    for outputs, (kind, from_logits) in zip(drawn, settled, strict=True):
        samples = as_samples(outputs, kind, from_logits)
        if on_host and math.prod(samples.shape) <= _SMALL:
            samples = keras.ops.convert_to_numpy(samples)
        found.append(summarise(samples, weights, kind, _arithmetic(samples)))
        kept.append(samples)
    return found, kept


def joined(before, found):
    """Returns the statistics of all samples so far.

    Args:
        before: Dictionary of those before.
        found: Dictionary of one more chunk, see `summarised`.
    """
    return merged(before, found, _arithmetic(found["mean"]))


def _arithmetic(tensor):
    return np if isinstance(tensor, np.ndarray) else keras.ops
