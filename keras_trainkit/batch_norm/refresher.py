"""A model whose BatchNormalizations are refreshed, perhaps several times."""

import keras

from keras_trainkit.backend.devices.device_copies import read_copies
from keras_trainkit.backend.devices.device_copies import write_copies
from keras_trainkit.backend.devices.distribution import refuse_workers
from keras_trainkit.backend.model.built import require_built
from keras_trainkit.backend.randomness.random_state import RandomState
from keras_trainkit.backend.randomness.torch_generators import data_generators
from keras_trainkit.batch_norm.population import PopulationStatistics
from keras_trainkit.batch_norm.statistics import statistics_of
from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.models.inference_undone import inference_undone
from keras_trainkit.models.layer_tree import LayerTree


class Refresher:
    """Refreshes a model; what it has compiled is used again.

    Args:
        model: A `keras.Model`.

    Raises:
        TypeError: If it is no `keras.Model`.
    """

    def __init__(self, model):
        if not isinstance(model, keras.Model):
            raise bad_type("model", model, "a `keras.Model`")
        refuse_workers(model, "refresh")
        self._model = model
        self._layers, self._population = [], None

    def require_layers(self):
        """Returns `{path: layer}` of what there is to refresh.

        Raises:
            ValueError: If the model is not built, or nothing in it is a
                BatchNormalization that trains.
        """
        model = self._model
        require_built(model)
        layers = trained_layers(model)
        if not layers:
            raise bad_value(
                "model",
                model.name,
                "one with a `keras.layers.BatchNormalization` that is not "
                "frozen: there is nothing to refresh",
                "Frozen layers keep their statistics. Unfreeze them, or leave "
                "the refresh out.",
            )
        return layers

    def passes(self):
        """Returns how many passes over the data, or `None` if it depends."""
        return self._measuring(self.require_layers()).passes

    def __call__(self, data, batch_size, steps, after_batch=lambda: None):
        """Refreshes the statistics.

        Args:
            data: Whatever `predict` takes.
            batch_size: As in `predict`.
            steps: As in `predict`.
            after_batch: Callable without arguments. Defaults to nothing.

        Returns:
            List of the paths of the layers that got new statistics.
        """
        layers = self.require_layers()
        measuring = self._measuring(layers)
        generators = RandomState(data_generators(data))
        try:
            with inference_undone(self._model):
                called = measuring.assign(data, batch_size, steps, after_batch)
                found = [
                    (variable, read_copies(variable))
                    for layer in called
                    for variable in statistics_of(layer)
                ]
        finally:
            generators.restore()
        if not found:
            raise bad_value(
                "model",
                self._model.name,
                f"one that calls one of its layers {list(layers)}",
            )
        for variable, values in found:
            write_copies(variable, values)
        ids = {id(layer) for layer in called}
        return [path for path, layer in layers.items() if id(layer) in ids]

    def _measuring(self, layers):
        layers = list(layers.values())
        same = [*map(id, layers)] == [*map(id, self._layers)]
        if self._population is None or not same:
            self._layers = layers
            self._population = PopulationStatistics(self._model, layers)
        return self._population


def trained_layers(model):
    """Returns `{path: layer}` of the BatchNormalizations that train.

    A layer that is reached on two paths is listed under the first.

    Args:
        model: A `keras.Model`.
    """
    found = {}
    for path, layer in LayerTree(model).below:
        normalizes = isinstance(layer, keras.layers.BatchNormalization)
        if normalizes and layer.trainable and layer not in found.values():
            found[path] = layer
    return found
