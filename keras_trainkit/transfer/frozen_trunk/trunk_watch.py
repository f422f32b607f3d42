"""Sees to it that a trunk stays the one whose features are cached."""

import zlib

import keras

from keras_trainkit.kernels.argument_checks import bad_value


class TrunkWatch(keras.callbacks.Callback):
    """Ends a `fit` in which another callback has changed the frozen trunk.

    On cached features it would have no effect. To be put last, so that an
    epoch ends with it. It reads the weights of the trunk once an epoch.

    Args:
        layers: List of the layers of the trunk, in the state in which the
            features are computed.
    """

    def __init__(self, layers):
        super().__init__()
        self._layers = [layer for layer in layers if layer.weights]
        self._flags = self._read_flags()
        self._sums = self._read_sums()

    def on_epoch_end(self, epoch, logs=None):
        """Raises `ValueError` if anything has changed since construction."""
        # Not in the middle of an epoch: there JAX has no values.
        changed = _differences(self._flags, self._read_flags())
        changed += _differences(self._sums, self._read_sums())
        if changed:
            raise bad_value(
                "callbacks",
                f"callbacks that changed {changed[:5]}",
                "such that the frozen layers stay as they are while the head "
                "trains on their cached features",
                "Pass `cache_features=False`.",
            )

    def _read_flags(self):
        owners = {id(layer): layer for layer in self._layers}
        owners.update((id(one), one) for one in self._weights())
        return {
            (key, f"`trainable` of {one.path}"): one.trainable
            for key, one in owners.items()
        }

    def _read_sums(self):
        return {
            (id(one), one.path): zlib.crc32(
                keras.ops.convert_to_numpy(one).tobytes()
            )
            for one in self._weights()
        }

    def _weights(self):
        found = [one for layer in self._layers for one in layer.weights]
        return {id(one): one for one in found}.values()


def _differences(before, now):
    keys = {**before, **now}
    return [key[1] for key in keys if before.get(key) != now.get(key)]
