"""The batches of inputs that `predict` would see."""

import keras
from keras.src.trainers.data_adapters import array_slicing
from keras.src.trainers.data_adapters import data_adapter_utils
from keras.src.trainers.data_adapters.tf_dataset_adapter import TFDatasetAdapter
from keras.src.trainers.epoch_iterator import EpochIterator


class Batches:
    """Iterates over the inputs of all batches, once.

    Args:
        x: Whatever `predict` takes; targets that come with it are left out.
        batch_size: Integer or `None`, as in `predict`.
        steps: Integer or `None`, as in `predict`.
    """

    def __init__(self, x, batch_size, steps):
        self._iterator = _Iterator(
            x=x, batch_size=batch_size, steps_per_epoch=steps, shuffle=False
        )

    @property
    def count(self):
        """How many batches there are, or `None` where nobody knows."""
        return self._iterator.num_batches

    def __iter__(self):
        for _, _, (data,) in self._iterator:
            yield data_adapter_utils.unpack_x_y_sample_weight(data)[0]


def are_arrays(x):
    """Whether `fit` takes `x` as arrays: dense, and indexed by sample."""
    leaves = keras.tree.flatten(x)
    return bool(leaves) and all(
        array_slicing.can_slice_array(leaf) and not hasattr(leaf, "tocsr")
        for leaf in leaves
    )


class _Iterator(EpochIterator):
    def _get_iterator(self):
        adapter = self.data_adapter
        tensors = isinstance(adapter, TFDatasetAdapter)
        # NumPy has no ragged batches. What is no dataset yet needs no
        # pipeline, which would hide the errors of a generator.
        if keras.backend.backend() == "tensorflow" and tensors:
            return adapter.get_tf_dataset()
        return adapter.get_numpy_iterator()
