"""What a wrong call may not change: models, arrays, the folder it runs in."""

import os

import keras
import numpy as np


class World:
    """Tiny models and arrays, which all calls share.

    Attributes:
        model: Dense, compiled, built.
        images: Convolutional, for images of 8 by 8, compiled.
        encoder: Its layers can be mirrored.
        fresh: Not compiled.
        pruned: With dead units.
        x, y, labels, pictures: Arrays.
    """

    def __init__(self):
        self.model = _dense_model()
        self.images = _image_model()
        self.encoder = keras.Sequential(
            [keras.Input((6,)), keras.layers.Dense(3, "relu", name="code")]
        )
        self.fresh = keras.Sequential(
            [keras.Input((6,)), keras.layers.Dense(3, name="head")]
        )
        self.pruned = keras.Sequential(
            [
                keras.Input((6,)),
                keras.layers.Dense(4, kernel_initializer="zeros"),
                keras.layers.Dense(3),
            ]
        )
        rng = np.random.default_rng(0)
        self.x = rng.normal(size=(8, 6)).astype("float32")
        self.y = rng.normal(size=(8, 3)).astype("float32")
        self.labels = np.arange(8) % 3
        self.probabilities = np.full((8, 3), 1 / 3)
        self.samples = np.full((4, 8, 3), 1 / 3)
        self.pictures = rng.normal(size=(4, 8, 8, 3)).astype("float32")
        self._before = self._state()

    def changed(self):
        """Returns what is not as it was, by name."""
        now = self._state()
        before, self._before = self._before, now
        names = before.keys() | now.keys()
        return sorted(
            name for name in names if not _same(before.get(name), now.get(name))
        )

    def _state(self):
        found = {"files": tuple(sorted(os.listdir()))}
        for name, thing in vars(self).items():
            if isinstance(thing, np.ndarray):
                found[name] = thing.tobytes()
            if isinstance(thing, keras.Model):
                found |= _model_state(name, thing)
        return found


def _dense_model():
    model = keras.Sequential(
        [
            keras.Input((6,)),
            keras.layers.Dense(4, "relu", name="hidden"),
            keras.layers.BatchNormalization(name="norm"),
            keras.layers.Dropout(0.5, name="drop"),
            keras.layers.Dense(3, name="head"),
        ],
        name="model",
    )
    model.compile(keras.optimizers.SGD(0.01, momentum=0.9), "mse")
    model.optimizer.build(model.trainable_variables)
    return model


def _image_model():
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Conv2D(2, 3, name="conv"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(3, name="head"),
        ],
        name="images",
    )
    model.compile("sgd", "mse")
    return model


def _model_state(name, model):
    found = {
        f"{name}: {i} {variable.path}": np.asarray(
            keras.ops.convert_to_numpy(variable)
        ).tobytes()
        for i, variable in enumerate(model.variables)
    }
    found[f"{name}: flags"] = tuple(
        (layer.name, layer.trainable) for layer in model.layers
    )
    found[f"{name}: built"] = model.built, model.compiled
    found[f"{name}: function"] = id(model.train_function)
    found[f"{name}: own"] = tuple(sorted(vars(model)))
    for layer in model.layers:
        found[f"{name}: {layer.name}'s own"] = tuple(sorted(vars(layer)))
        found[f"{name}: {layer.name}'s constraint"] = tuple(
            id(getattr(v, "constraint", None)) for v in layer.variables
        )
    if model.compiled:
        optimizer = model.optimizer
        found[f"{name}: optimizer"] = id(optimizer)
        found[f"{name}: optimizer's own"] = tuple(sorted(vars(optimizer)))
        found |= {
            f"{name}: optimizer {i}": np.asarray(
                keras.ops.convert_to_numpy(variable)
            ).tobytes()
            for i, variable in enumerate(optimizer.variables)
        }
    return found


def _same(one, other):
    return type(one) is type(other) and one == other
