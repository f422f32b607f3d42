"""Looks at a network on one batch again and again while it trains."""

import keras
import numpy as np

from keras_trainkit.backend.devices.device_copies import read_copies
from keras_trainkit.backend.devices.device_copies import write_copies
from keras_trainkit.backend.model.tensors import to_numpy
from keras_trainkit.backend.training.batch_loss import own_methods
from keras_trainkit.backend.training.gradients import LossAndGradients
from keras_trainkit.diagnostics.facts.passes.first_pass import small_batch
from keras_trainkit.diagnostics.facts.training import Probe
from keras_trainkit.models.inference_undone import inference_undone
from keras_trainkit.probing.forward import forward
from keras_trainkit.probing.gradients import Gradients

# So many elements tell how far a kernel has moved.
_ELEMENTS = 50_000
# A replay that has not found the place by then is not going to.
_REPLAYED = 60


class Prober:
    """Makes `Probe`s of a model on rows from all over a sample.

    Nothing is changed by it. The weights of the last probe in which all was
    finite are kept, to find where a NaN came from.

    Args:
        subject: A `Subject` with a sample, whose model is built.

    Attributes:
        x: The inputs of the batch.
        y: The targets, or `None`.
    """

    def __init__(self, subject):
        self._model = subject.model
        self._kernels = _kernels(subject.network)
        self.x, self.y = small_batch(subject.sample)
        self._gradients = None
        own_step = own_methods(self._model, ["train_step"])
        if self._model.compiled and not own_step and self.y is not None:
            self._gradients = Gradients(self._model)
        self._first = self._last = None
        self._last_epoch = 0
        self._finite = None

    @property
    def targets(self):
        """List of the targets' arrays, or `None`."""
        return None if self.y is None else keras.tree.flatten(self.y)

    def __call__(self, epoch):
        """Returns a `Probe` after `epoch` epochs."""
        probe = forward(self._model, self.x)
        gradients = None
        if self._gradients is not None:
            gradients = self._gradients(self.x, self.y)
        moved, pace = self._movement(epoch)
        if all(layer.finite for layer in probe.values()):
            self._finite = self._weights()
        return Probe(epoch, dict(probe), probe.outputs, gradients, moved, pace)

    def replay(self, rate):
        """Trains on the batch from the last finite weights, and goes back.

        Plain gradient steps, until loss or gradients are not finite.

        Args:
            rate: Float, the learning rate.

        Returns:
            Tuple of how many steps that took and the path of the first layer
            whose outputs are not finite then, or of that with the largest
            outputs; without any step, where only gradients can be at fault,
            `None` for the path. `None` where the replay stays finite, or
            cannot be made.
        """
        if self._finite is None or self._gradients is None or not rate:
            return None
        compute = LossAndGradients(self._model)
        weights = [w.astype("float64") for w in self._finite]
        with inference_undone(self._model), np.errstate(all="ignore"):
            for step in range(_REPLAYED):
                seen = compute(self.x, self.y, weights=weights)
                parts = [np.asarray(seen.loss), *seen.gradients]
                if not all(np.isfinite(one).all() for one in parts):
                    if not step:
                        return 0, None
                    return step, self._first_bad_layer(weights)
                weights = [
                    (w - rate * g).astype("float32")
                    for w, g in zip(weights, seen.gradients, strict=True)
                ]
        return None

    def first_bad_layer(self):
        """Path of the first layer that is not finite now, or `None`."""
        return forward(self._model, self.x).first_non_finite

    def _first_bad_layer(self, weights):
        """Looks at the layers with other weights, and puts them back."""
        variables = self._model.trainable_variables
        kept = [(v, read_copies(v)) for v in variables]
        try:
            for variable, value in zip(variables, weights, strict=True):
                variable.assign(value)
            probe = forward(self._model, self.x)
        finally:
            for variable, values in kept:
                write_copies(variable, values)
        if probe.first_non_finite is not None:
            return probe.first_non_finite
        return max(probe, key=lambda path: probe[path].largest)

    def _weights(self):
        return [read_copies(v)[0] for v in self._model.trainable_variables]

    def _movement(self, epoch):
        now = {path: _thinned(k) for path, k in self._kernels.items()}
        if self._first is None:
            self._first = self._last = now
        epochs = max(epoch - self._last_epoch, 1)
        moved = _changes(now, self._first, self._first)
        pace = _changes(now, self._last, self._last)
        self._last, self._last_epoch = now, epoch
        return moved, {path: one / epochs for path, one in pace.items()}


def bad_weights(network):
    """Returns the paths of layers whose kernels are not finite, a tuple.

    Args:
        network: The `Network` of a built model.
    """
    return tuple(
        path
        for path, kernel in _kernels(network).items()
        if not np.isfinite(_thinned(kernel)).all()
    )


def _kernels(network):
    return {
        node.path: node.kernel
        for node in network.weighted
        if node.kernel is not None
    }


def _thinned(kernel):
    values = np.asarray(to_numpy(kernel), "float32").ravel()
    return values[:: max(1, values.size // _ELEMENTS)].copy()


def _changes(now, before, scale):
    """Returns the size of each change over the size of `scale`."""
    sizes = {path: _size(values) for path, values in scale.items()}
    with np.errstate(all="ignore"):
        return {
            path: _size(values - before[path]) / sizes[path]
            for path, values in now.items()
            if sizes[path] > 0 and np.isfinite(values).all()
        }


def _size(values):
    return float(np.linalg.norm(values.astype("float64")))
