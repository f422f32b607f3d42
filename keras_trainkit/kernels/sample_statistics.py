"""What is kept of the samples of one output, whatever their number."""

import numpy as np
from keras import ops
from keras.backend import standardize_dtype

from keras_trainkit.kernels.moments import chunk_moments
from keras_trainkit.kernels.moments import merged_moments
from keras_trainkit.kernels.moments import weighted_sum


def as_samples(outputs, kind, from_logits):
    """Returns a model's outputs in float32 at least, logits as probabilities.

    Args:
        outputs: Tensor of shape `(chunk, ...)`.
        kind: As for `summarise`; not `"auto"` for logits.
        from_logits: Whether the outputs are logits.
    """
    dtype = standardize_dtype(outputs.dtype)
    if dtype not in ("float32", "float64"):
        outputs = ops.cast(outputs, "float32")
    if not from_logits:
        return outputs
    classes = kind == "classification"
    return ops.softmax(outputs) if classes else ops.sigmoid(outputs)


def summarise(samples, weights, kind, ops=ops):
    """Returns the statistics of one chunk of samples.

    The sums of entropies hold, for each value, its own term: `-p log(p)`
    under `"yes"`, and `-(1 - p) log(1 - p)` under `"no"`. Which of them make
    an entropy is known once the kind is, by the bounds of the values.

    Args:
        samples: Tensor of shape `(chunk, ...)`, as `as_samples` returns it.
        weights: Float tensor of shape `(chunk,)`: 1 for samples that count.
        kind: `"classification"`, `"binary"`, `"regression"` or `"auto"`.
        ops: What computes, `keras.ops` or, for NumPy arrays, `numpy`.
            Defaults to `keras.ops`.

    Returns:
        Dictionary of tensors for `merged`.
    """
    weights = ops.array(weights, samples.dtype)
    count, mean, squares = chunk_moments(samples, weights, ops)
    found = {"count": count, "mean": mean, "squares": squares}
    if kind != "regression":
        found["yes"] = weighted_sum(_term(samples, ops), weights, ops)
        found["no"] = weighted_sum(_term(1 - samples, ops), weights, ops)
        found["lowest"] = ops.min(samples)
        found["highest"] = ops.max(samples)
        sums = ops.sum(samples, axis=-1)
        found["off_one"] = ops.max(ops.abs(sums - 1))
    return found


def merged(one, other, ops=ops):
    """Returns the statistics of two groups of samples together.

    Args:
        one: Dictionary as `summarise` returns it, or as `nothing` does.
        other: One of `summarise`.
        ops: As for `summarise`. Defaults to `keras.ops`.
    """
    names = ("count", "mean", "squares")
    moments = merged_moments(
        *([d[n] for n in names] for d in (one, other)), ops
    )
    found = dict(zip(names, moments, strict=True))
    for name in other.keys() - found.keys():
        merge = getattr(ops, _MERGED[name])
        found[name] = merge(one[name], other[name])
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


def standard_error(std, count):
    """Returns the standard error of the mean of `count` samples.

    ```
    s / sqrt(count) = std / sqrt(count - 1)
    s = sqrt(sum_i (x_i - mean)**2 / (count - 1))
    ```

    Args:
        std: Array, `sqrt(sum_i (x_i - mean)**2 / count)`.
        count: Integer above 1, or an array of them that is broadcast to `std`.
    """
    return std / np.sqrt(np.asarray(count, std.dtype) - 1)


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
    "yes": "add",
    "no": "add",
    "lowest": "minimum",
    "highest": "maximum",
    "off_one": "maximum",
}


def _term(p, ops):
    p = ops.clip(p, 0, 1)
    # Nothing is taken of the logarithm where p is 0.
    return -p * ops.log(ops.where(p > 0, p, ops.ones_like(p)))
