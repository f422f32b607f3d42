"""How much the outputs of two models differ."""

import keras
import numpy as np

from keras_trainkit.backend.model.layers import takes_training
from keras_trainkit.backend.model.observed_calls import without_gradients
from keras_trainkit.backend.model.tensors import as_tensor
from keras_trainkit.backend.model.tensors import to_numpy
from keras_trainkit.kernels.data_checks import require_arrays
from keras_trainkit.models.graph import graph_of
from keras_trainkit.models.inference_undone import inference_undone

_ROWS = 2


def largest_difference(model, other, sample):
    """Returns the largest difference of the outputs on a sample.

    Each output is measured against its own largest absolute value.

    Raises:
        TypeError: If the sample is no arrays.
    """
    require_arrays("sample", sample)
    pairs = zip(_outputs(model, sample), _outputs(other, sample), strict=True)
    # Of NumPy, where NaN is the largest.
    return float(np.max([_relative(a, b) for a, b in pairs]))


def drawn_sample(model):
    """Returns standard normal inputs of a model, or `None`.

    `None` where a size of an input is not known, or one is of integers, whose
    range nobody knows.
    """
    draws = np.random.default_rng(0)
    for tensor in model.inputs:
        dtype = keras.backend.standardize_dtype(tensor.dtype)
        if None in tensor.shape[1:] or "float" not in dtype:
            return None
    arrays = [
        draws.normal(size=(tensor.shape[0] or _ROWS, *tensor.shape[1:])).astype(
            "float32"
        )
        for tensor in model.inputs
    ]
    return keras.tree.pack_sequence_as(graph_of(model).input, arrays)


def _outputs(model, sample):
    kwargs = {"training": False} if takes_training(model) else {}
    tensors = keras.tree.map_structure(as_tensor, sample)
    with (
        inference_undone(model),
        keras.StatelessScope(),
        without_gradients(),
    ):
        results = model(tensors, **kwargs)
    return [to_numpy(one) for one in keras.tree.flatten(results)]


def _relative(expected, received):
    expected = np.asarray(expected, "float64")
    largest = np.abs(expected).max(initial=0)
    difference = np.abs(expected - np.asarray(received, "float64"))
    return float(difference.max(initial=0) / (largest or 1.0))
