"""Training one network of a search for the depth."""

import time

import keras
import numpy as np

from keras_trainkit.backend.training.compile_copies import compile_like
from keras_trainkit.models.inference_undone import inference_undone
from keras_trainkit.models.layer_tree import LayerTree
from keras_trainkit.optimizers.layerwise_learning_rate import (
    LayerwiseLearningRate,
)
from keras_trainkit.optimizers.variable_multipliers import of_layers
from keras_trainkit.transfer.features import features
from keras_trainkit.transfer.frozen_trunk.border import Border
from keras_trainkit.transfer.frozen_trunk.cacheability import require_cacheable
from keras_trainkit.transfer.split import split


class Runs:
    """Trains networks of one model on the same data and settings.

    Args:
        model: The compiled model that they are made of.
        networks: Its `Networks`.
        data: Dict of `fit`'s `x`, `y`, `validation_data`, `batch_size`.
        epochs: Integer.
        monitor: Name of a validation score in `fit`'s history.
        cache: Whether features of what is frozen are computed once.

    Attributes:
        epochs: As passed.
        cached: Set of the configurations whose features were.
    """

    def __init__(self, model, networks, data, epochs, monitor, cache):
        self._model, self._networks = model, networks
        self._data, self._monitor = data, monitor
        self.epochs = epochs
        self._cache = cache and _is_array(data["x"])
        self._features = {}
        self.cached = set()

    def score(self, configuration, seed, after_epoch):
        """Trains one network from the start.

        Args:
            configuration: A `Configuration`.
            seed: Integer, which decides on its new weights, the order of the
                data and all else that is random.
            after_epoch: Callable `(epoch, score)`; what it raises ends the
                run.

        Returns:
            Dict of `score`, that of the last epoch, `seconds` and `weights`,
            how many numbers train.
        """
        began = time.perf_counter()
        keras.utils.set_random_seed(seed)
        network, data = self.compiled(configuration)
        # What was drawn until here depends on the configuration.
        keras.utils.set_random_seed(seed)
        report = keras.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs: after_epoch(
                epoch, float(logs[self._monitor])
            )
        )
        history = network.fit(
            **data, epochs=self.epochs, verbose=0, callbacks=[report]
        )
        return {
            "score": float(history.history[self._monitor][-1]),
            "seconds": time.perf_counter() - began,
            "weights": sum(
                int(np.prod(w.shape)) for w in network.trainable_weights
            ),
        }

    def compiled(self, configuration):
        """Returns a compiled network and the data that it trains on."""
        network, reused, copies = self._networks.make(configuration)
        trained, data = network, self._data
        if self._cache and configuration.freeze:
            trained, data = self._on_features(network, configuration)
        compile_like(
            trained,
            self._model,
            copies,
            _rates(trained, reused, configuration),
        )
        return trained, data

    def network(self, configuration):
        """Returns a compiled network that takes the model's own inputs."""
        network, reused, copies = self._networks.make(configuration)
        compile_like(
            network,
            self._model,
            copies,
            _rates(network, reused, configuration),
        )
        return network

    def _on_features(self, network, configuration):
        """Returns the head alone, and features in place of the inputs."""
        frozen, reuse = configuration.freeze, configuration.reuse
        dropped = configuration.above == "drop" and frozen == reuse
        key = (frozen, dropped and reuse)
        if key not in self._features:
            self._features[key] = self._computed(network)
        found = self._features[key]
        if found is None:
            return network, self._data
        self.cached.add(configuration)
        x, x_val = found
        rest = self._data["validation_data"][1:]
        data = {**self._data, "x": x, "validation_data": (x_val, *rest)}
        return split(network)[1], data

    def _computed(self, network):
        """Returns the features of both data; `None` where they would differ.

        What draws in training mode, or does something else there, cannot be
        computed once; nor can a penalty on activations be left out.
        """
        x, (x_val, *_) = self._data["x"], self._data["validation_data"]
        try:
            require_cacheable(network)
            if Border(network).random_in_trunk():
                return None
            trunk, _ = split(network)
        except (TypeError, ValueError):
            # No border, or a mask at it.
            return None
        if not _same_in_training(trunk, x) or trunk.losses:
            return None
        size = self._data["batch_size"]
        return tuple(
            features(network, one, batch_size=size) for one in (x, x_val)
        )


def _rates(network, reused, configuration):
    """Returns what puts a factor on the rate of what is reused and trains."""
    factor = configuration.rate_factor
    if factor in (None, 1.0):
        return None
    tree = LayerTree(network)
    multipliers = of_layers(tree, [(reused, factor)])
    return lambda optimizer: LayerwiseLearningRate(optimizer, multipliers)


def _same_in_training(trunk, x):
    batch = keras.tree.map_structure(lambda one: one[:8], x)
    with inference_undone(trunk):
        modes = [
            keras.tree.flatten(trunk(batch, training=training))
            for training in (True, False)
        ]
    pairs = zip(*modes, strict=True)
    return all(
        np.allclose(*map(keras.ops.convert_to_numpy, pair), atol=1e-6)
        for pair in pairs
    )


def _is_array(x):
    return all(hasattr(one, "shape") for one in keras.tree.flatten(x))
