"""How `fit` is given features that are larger than memory."""

import keras
import numpy as np
from keras.src.trainers.data_adapters.array_data_adapter import ArrayDataAdapter


def count_batches(x, y, batch_size, sample_weight=None, class_weight=None):
    """Returns how many batches `fit` makes of arrays.

    Raises:
        ValueError: As `fit` would, for arrays that do not fit each other.
    """
    adapter = ArrayDataAdapter(
        x,
        y,
        sample_weight,
        batch_size=batch_size,
        class_weight=class_weight,
    )
    return adapter.num_batches


def fit_arguments(x, y, sample_weight=None, batch_size=32, shuffle=True):
    """Returns the data arguments of `fit` for features that may be in files.

    TensorFlow's `fit` would read whole files into memory. There the data is a
    dataset that reads the rows of each batch, in the order in which `fit`
    would have taken them.

    Args:
        x: Dictionary with one list of arrays or memory maps.
        y: As in `fit`.
        sample_weight: As in `fit`. Defaults to `None`.
        batch_size: Integer. Defaults to `32`.
        shuffle: As in `fit`. Defaults to `True`.

    Returns:
        Dictionary of arguments of `fit`.
    """
    arrays = keras.tree.flatten(x)
    in_files = any(isinstance(one, np.memmap) for one in arrays)
    if keras.backend.backend() != "tensorflow" or not in_files:
        return {
            "x": x,
            "y": y,
            "sample_weight": sample_weight,
            "batch_size": batch_size,
            "shuffle": shuffle,
        }
    adapter = ArrayDataAdapter(
        np.arange(len(arrays[0])),
        y,
        sample_weight,
        batch_size=batch_size,
        shuffle=shuffle,
    )
    # It is in order already.
    return {"x": _read_rows(adapter, x, arrays), "shuffle": False}


def _read_rows(adapter, x, arrays):
    import tensorflow as tf

    dtypes = [one.dtype for one in arrays]

    def read(rows):
        return [np.ascontiguousarray(one[rows]) for one in arrays]

    def with_features(rows, *others):
        made = tf.numpy_function(read, [rows], dtypes)
        for tensor, array in zip(made, arrays, strict=True):
            tensor.set_shape([rows.shape[0], *array.shape[1:]])
        return keras.tree.pack_sequence_as(x, made), *others

    dataset = adapter.get_tf_dataset().map(with_features, tf.data.AUTOTUNE)
    count = tf.data.experimental.assert_cardinality(adapter.num_batches)
    return dataset.apply(count)
