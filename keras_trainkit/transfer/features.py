"""What the trunk of a model makes of data, computed once."""

from pathlib import Path

import keras
import numpy as np

from keras_trainkit.backend.model.prediction_batches import Batches
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import read_by
from keras_trainkit.kernels.argument_checks import require_integer
from keras_trainkit.kernels.data_checks import require_data
from keras_trainkit.models.inference_undone import inference_undone
from keras_trainkit.transfer.frozen_trunk.feature_store import MEMORY_LIMIT
from keras_trainkit.transfer.frozen_trunk.feature_store import FeatureStore
from keras_trainkit.transfer.split import uncompiled_parts


def features(
    model,
    x,
    at=None,
    batch_size=32,
    steps=None,
    memory_limit=MEMORY_LIMIT,
    folder=None,
):
    """Returns the features that the trunk of a model has for data.

    What the head of a model is given, in inference mode: for training a head
    on them (`transfer.split`), for a classifier of another library, for
    looking at them. Features that are larger than `memory_limit` are written
    to a file and mapped into memory, so that they need not fit.

    Args:
        model: A Sequential or functional model that has been built.
        x: Whatever `predict` accepts; targets that come with it are left
            out.
        at: Where the head begins, see `transfer.split`. Defaults to `None`:
            the border of what is frozen.
        batch_size: Integer of at least 1, for arrays. Defaults to `32`.
        steps: Integer, how many batches of a dataset or generator to take.
            Defaults to `None`: all.
        memory_limit: Number of bytes that the features may have as arrays in
            memory; larger ones are in files. While the batches are joined,
            arrays take twice their size. Defaults to `2**30`, a gibibyte.
        folder: Path of a folder that the features are written to, whatever
            their size, as `features_0.npy` and so on, which stay there. Those
            of an earlier call are replaced when the new ones are complete.
            Defaults to `None`: files, if any, are temporary; they are removed
            with the array and its views, at the end of Python, and after an
            exception.

    Returns:
        NumPy array with one row for each sample, or a read-only `np.memmap`;
        a list of them where several tensors lead from trunk to head.

    Raises:
        TypeError: As `transfer.split`, and for arguments of another type.
        ValueError: As `transfer.split`; for numbers out of range, for data
            without a batch, and where features differ in shape from batch to
            batch.

    Example:

    >>> model = keras.Sequential(
    ...     [
    ...         keras.Input((4,)),
    ...         keras.layers.Dense(3, name="reused"),
    ...         keras.layers.Dense(1, name="head"),
    ...     ]
    ... )
    >>> ktk.transfer.features(model, np.ones((5, 4)), at="head").shape
    (5, 3)
    """
    require_integer("batch_size", batch_size, 1)
    if steps is not None:
        require_integer("steps", steps, 1)
    require_integer("memory_limit", memory_limit, 0)
    if isinstance(x, (list, tuple, dict)) and not keras.tree.flatten(x):
        raise _empty(x)
    require_data("x", x)
    if folder is not None:
        read_by(Path, "folder", folder, "the path of a folder, or None")
    trunk, _ = uncompiled_parts(model, at)
    with inference_undone(trunk), FeatureStore(memory_limit, folder) as store:
        for batch in Batches(x, batch_size, steps):
            made = trunk.predict_on_batch(batch)
            store.add([storable(one) for one in keras.tree.flatten(made)])
        arrays = store.arrays()
    if not arrays:
        raise _empty(x)
    return arrays[0] if len(arrays) == 1 else arrays


def _empty(x):
    return bad_value("x", x, "data with at least one batch")


def storable(array):
    """Returns an array of a dtype that NumPy can save."""
    array = np.asarray(array)
    # bfloat16 is no dtype of NumPy's own.
    return array.astype("float32") if array.dtype.kind == "V" else array
