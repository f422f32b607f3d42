"""What the loss of a network that knows nothing would be."""

import math

import keras
import numpy as np

from keras_trainkit.backend.model.tensors import to_numpy

# Sound networks start within these of chance; see tests/corpus.
_TIMES_LOG, _MORE = 3.0, 2.0
_TIMES_VARIANCE, _TIMES_DEVIATION = 100.0, 20.0
_TIMES_ZERO = 4.0


def beyond_chance(head, y, loss):
    """Compares the loss of an untrained network with that of a guess.

    Args:
        head: The `Head` of its only output.
        y: The targets of the batch.
        loss: Float, without penalties.

    Returns:
        Tuple of the loss of a guess and its name, or `(None, "")` where the
        loss is not far above, or the two cannot be compared.
    """
    name = head.loss_name
    if name in ("sparse_categorical_crossentropy", "categorical_crossentropy"):
        if not head.units or head.units < 2:
            return None, ""
        chance = math.log(head.units)
        what = f"log({head.units}), that of a guess among the classes,"
    elif name == "binary_crossentropy":
        chance, what = math.log(2), "log(2), that of a guess,"
    else:
        return _regression(name, y, loss)
    far = loss > _TIMES_LOG * chance + _MORE
    return (chance, what) if far else (None, "")


def _regression(name, y, loss):
    targets = [one for one in keras.tree.flatten(y) if one is not None]
    if len(targets) != 1 or targets[0].dtype.kind not in "fiu":
        return None, ""
    spread = float(np.std(targets[0], axis=0, dtype="float64").mean())
    if name == "mean_squared_error":
        chance, times = spread**2, _TIMES_VARIANCE
        what = "the targets' variance"
    elif name == "mean_absolute_error":
        chance, times = spread, _TIMES_DEVIATION
        what = "the targets' standard deviation"
    else:
        return None, ""
    # Targets far from 0 are no fault of the network's: answering 0 loses that.
    zero = np.abs(np.asarray(targets[0], "float64"))
    zero = zero**2 if name == "mean_squared_error" else zero
    far = chance > 0 and loss > max(times * chance, _TIMES_ZERO * zero.mean())
    return (chance, what) if far else (None, "")


def first_output(subject, place):
    """Returns around what an output begins: the mean of the last bias.

    Args:
        subject: A `Subject`.
        place: Index of the output.
    """
    outputs = subject.network.outputs
    if place >= len(outputs):
        return 0.0
    last = subject.network.final(outputs[place]).weighted
    bias = None if last is None else getattr(last.core, "bias", None)
    if not isinstance(bias, keras.Variable):
        return 0.0
    return float(to_numpy(bias).mean())


def constant_answer(head, y):
    """Returns the loss of the best answer that is the same for every row.

    Args:
        head: The `Head` of the only output.
        y: The targets of the batch.

    Returns:
        Float, or `None` for losses that are not known.
    """
    targets = [one for one in keras.tree.flatten(y) if one is not None]
    if len(targets) != 1 or targets[0].dtype.kind not in "fiub":
        return None
    name, values = head.loss_name, targets[0].astype("float64")
    if name == "mean_squared_error":
        return float(np.var(values, axis=0).mean())
    if name == "mean_absolute_error":
        return float(np.abs(values - np.median(values, axis=0)).mean())
    if name == "binary_crossentropy":
        mean = values.mean(axis=0)
        return float((_entropy(mean) + _entropy(1 - mean)).mean())
    if name == "categorical_crossentropy":
        return float(_entropy(values.mean(axis=0)).sum(axis=-1).mean())
    if name == "sparse_categorical_crossentropy":
        counts = np.unique(values, return_counts=True)[1]
        return float(_entropy(counts / counts.sum()).sum())
    return None


def _entropy(share):
    share = np.clip(share, 0.0, 1.0)
    return -share * np.log(np.maximum(share, 1e-12))
