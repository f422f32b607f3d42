"""The networks on which a learning-rate search is measured, and their data."""

import keras
import numpy as np
from keras import layers

BATCH, EPOCHS, CLASSES, PIXELS = 32, 20, 10, 64
OPTIMIZERS = {
    "SGD": lambda rate: keras.optimizers.SGD(rate, momentum=0.9),
    "Adam": keras.optimizers.Adam,
}
GRID = {"SGD": np.geomspace(1e-3, 1.0, 7), "Adam": np.geomspace(1e-4, 0.1, 7)}


def dense():
    return [
        layers.Dense(64, activation="relu"),
        layers.Dense(32, activation="relu"),
    ]


def deep():
    return [layers.Dense(64, activation="relu") for _ in range(6)]


def normalised():
    return [
        layers.Dense(64),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.Dense(32),
        layers.BatchNormalization(),
        layers.ReLU(),
    ]


def convolutions():
    return [
        layers.Reshape((8, 8, 1)),
        layers.Conv2D(16, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(32, 3, padding="same", activation="relu"),
    ]


def flattened():
    return [*convolutions(), layers.Flatten()]


def pooled():
    return [*convolutions(), layers.GlobalAveragePooling2D()]


def recurrent():
    return [layers.Reshape((8, 8)), layers.GRU(32)]


NETWORKS = {
    "dense": (dense, "SGD"),
    "normalised": (normalised, "Adam"),
    "convolutional": (flattened, "Adam"),
    "globally pooled": (pooled, "SGD"),
    "recurrent": (recurrent, "Adam"),
    "six dense layers": (deep, "Adam"),
}


def network(name, seed, rate=1e-3):
    """Returns a compiled network of `NETWORKS` with its first weights."""
    body, optimizer = NETWORKS[name]
    keras.utils.set_random_seed(seed)
    model = keras.Sequential(
        [keras.Input((PIXELS,)), *body(), layers.Dense(CLASSES)]
    )
    compile_for_classes(model, optimizer, rate)
    return model


def compile_for_classes(model, optimizer, rate):
    model.compile(
        OPTIMIZERS[optimizer](rate),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )


def grid(name):
    """Returns the constant rates that a network is trained at."""
    return GRID[NETWORKS[name][1]]


def digits(seed):
    """Returns one seed's split of scikit-learn's digits: train and test."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    images = (images / 16).astype("float32")
    order = np.random.default_rng(seed).permutation(len(labels))
    return [(images[p], labels[p]) for p in (order[:1200], order[1200:])]


class Trainer:
    """Trains one network again and again, which is compiled once."""

    def __init__(self, name):
        self._name = name
        self._model = network(name, 0)
        self._model.optimizer.build(self._model.trainable_variables)
        self._slots = [np.array(v) for v in self._model.optimizer.variables]

    def accuracy(self, seed, rate):
        """Returns the test accuracy after training a seed at a rate."""
        train, test = digits(seed)
        model = self._model
        model.set_weights(network(self._name, seed).get_weights())
        for variable, value in zip(
            model.optimizer.variables, self._slots, strict=True
        ):
            variable.assign(value)
        model.optimizer.learning_rate = rate
        keras.utils.set_random_seed(seed)
        model.fit(*train, batch_size=BATCH, epochs=EPOCHS, verbose=0)
        return model.evaluate(*test, batch_size=BATCH, verbose=0)[1]
