"""What is kept of the samples of one output, whatever their number."""

import numpy as np
from keras import ops

from keras_trainkit.kernels.moments import chunk_moments
from keras_trainkit.kernels.moments import merged_moments
from keras_trainkit.kernels.moments import weighted_sum


def summarise(samples, weights, kind, from_logits):
    """Returns the statistics of one chunk of samples, and the samples.

    The sums of entropies hold, for each value, its own term: `-p log(p)`
    under `"yes"`, and `-(1 - p) log(1 - p)` under `"no"`. Which of them make
    an entropy is known once the kind is, by the bounds of the values.

    Args:
        samples: Tensor of shape `(chunk, ...)`, a model's outputs.
        weights: Float tensor of shape `(chunk,)`: 1 for samples that count.
        kind: `"classification"`, `"binary"`, `"regression"` or `"auto"`.
        from_logits: Whether the samples are logits, of a kind that is not
            `"auto"`, to be turned into probabilities first.

    Returns:
        Tuple `(statistics, samples)`; the first is a dictionary of tensors
        for `merged`.
    """
    if samples.dtype != weights.dtype:
        samples = ops.cast(samples, weights.dtype)
    if from_logits:
        classes = kind == "classification"
        samples = ops.softmax(samples) if classes else ops.sigmoid(samples)
    count, mean, squares = chunk_moments(samples, weights)
    found = {"count": count, "mean": mean, "squares": squares}
    if kind != "regression":
        found["yes"] = weighted_sum(_term(samples), weights)
        found["no"] = weighted_sum(_term(1 - samples), weights)
        found["lowest"] = ops.min(samples)
        found["highest"] = ops.max(samples)
        sums = ops.sum(samples, axis=-1)
        found["off_one"] = ops.max(ops.abs(sums - 1))
    return found, samples


def merged(one, other):
    """Returns the statistics of two groups of samples together.

    Args:
        one: Dictionary as `summarise` returns it, or as `nothing` does.
        other: One of `summarise`.
    """
    names = ("count", "mean", "squares")
    moments = merged_moments(*([d[n] for n in names] for d in (one, other)))
    found = dict(zip(names, moments, strict=True))
    for name in other.keys() - found.keys():
        found[name] = _MERGED[name](one[name], other[name])
    return found


def nothing(like):
    """Returns the statistics of no samples.

    Args:
        like: Dictionary as `summarise` returns it, or of things that have
            its shapes and dtypes.

    Returns:
        Dictionary of tensors.
    """
    fill = {"lowest": float("inf"), "highest": float("-inf")}
    return {
        name: ops.full(value.shape, fill.get(name, 0.0), dtype=value.dtype)
        for name, value in like.items()
    }


def are_equal(found):
    """Whether all samples are the same, but for the rounding of their mean.

    Args:
        found: Dictionary as `summarise` returns it, of NumPy arrays.
    """
    mean, count = found["mean"], found["count"]
    # The worst that adding `count` equal numbers can round.
    rounding = count * np.finfo(mean.dtype).eps * np.abs(mean)
    return bool((np.sqrt(found["squares"] / count) <= rounding).all())


_MERGED = {
    "yes": ops.add,
    "no": ops.add,
    "lowest": ops.minimum,
    "highest": ops.maximum,
    "off_one": ops.maximum,
}


def _term(p):
    p = ops.clip(p, 0, 1)
    # Nothing is taken of the logarithm where p is 0.
    return -p * ops.log(ops.where(p > 0, p, ops.ones_like(p)))
