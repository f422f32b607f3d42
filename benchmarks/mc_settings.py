"""Three models for `mc_predict.py`, and the ways to predict with them."""

import keras
import numpy as np
from interleave import clock

import keras_trainkit as ktk

BATCH, SAMPLES = 32, 20
# Samples that the limit takes at a time, and fewer if fewer are asked for.
CHUNK = 10
L = keras.layers


def cnn():
    trunk = [
        keras.Input((28, 28, 1)),
        L.Conv2D(32, 3, activation="relu"),
        L.Conv2D(64, 3, activation="relu"),
        L.MaxPooling2D(),
        L.Flatten(),
    ]
    tail = [
        L.Dropout(0.25),
        L.Dense(128, activation="relu"),
        L.Dropout(0.5),
        L.Dense(10, activation="softmax"),
    ]
    return trunk, tail


def mlp():
    tail = [
        L.Dropout(0.2),
        L.Dense(512, activation="relu"),
        L.Dropout(0.5),
        L.Dense(512, activation="relu"),
        L.Dropout(0.5),
        L.Dense(10, activation="softmax"),
    ]
    return [keras.Input((784,))], tail


def last_only():
    trunk, tail = cnn()
    return [*trunk, tail[1]], tail[2:]


MODELS = {"cnn": cnn, "mlp": mlp, "dropout before the last layer": last_only}


class Setting:
    """A model, its data, and the ways to predict."""

    def __init__(self, name, rows):
        keras.utils.set_random_seed(0)
        trunk, tail = MODELS[name]()
        self.name = name
        self.model = keras.Sequential([*trunk, *tail])
        self.mc_model = ktk.uncertainty.to_mc(self.model)
        self.x = np.random.default_rng(0).uniform(
            size=(rows, *self.model.input_shape[1:])
        )
        self.x = self.x.astype("float32")
        self.trunk = compiled(self.model, trunk[1:])
        certain = [one for one in tail if not isinstance(one, L.Dropout)]
        self.tails = {
            copies: compiled(self.model, certain, copies)
            for copies in (CHUNK // 2, CHUNK)
        }

    def mc_predict(self, samples=SAMPLES):
        return ktk.uncertainty.mc_predict(
            self.model, self.x, samples, BATCH, seed=0
        ).mean

    def textbook(self, samples=SAMPLES):
        return np.stack(
            [
                keras.ops.convert_to_numpy(self.model(self.x, training=True))
                for _ in range(samples)
            ]
        ).mean(axis=0)

    def loop_of_predict(self, samples=SAMPLES):
        return np.stack(
            [
                self.mc_model.predict(self.x, batch_size=BATCH, verbose=0)
                for _ in range(samples)
            ]
        ).mean(axis=0)

    def limit(self, samples=SAMPLES):
        chunk = min(samples, CHUNK)
        means, tail = [], self.tails[chunk]
        for first in range(0, len(self.x), BATCH):
            h = self.trunk(self.x[first : first + BATCH])
            parts = [tail(h) for _ in range(samples // chunk)]
            means.append(keras.ops.convert_to_numpy(sum(parts)))
        return np.concatenate(means) / (samples // chunk)

    def baal(self, samples=SAMPLES):
        import torch

        if not hasattr(self, "_baal"):
            self._baal = baal_wrapper(self.name)
        x = torch.from_numpy(self.x)
        x = x.permute(0, 3, 1, 2).contiguous() if x.ndim == 4 else x
        parts = [
            self._baal.predict_on_batch(part, samples).mean(-1)
            for part in x.split(BATCH)
        ]
        return torch.cat(parts).numpy()


def compiled(model, layers, copies=1):
    """Runs `layers` on `copies` of a batch; returns the mean over these."""

    def run(x):
        x = keras.ops.convert_to_tensor(x)
        if copies > 1:
            shape = tuple(x.shape)
            x = keras.ops.broadcast_to(x[None], (copies, *shape))
            x = keras.ops.reshape(x, (copies * shape[0], *shape[1:]))
        for layer in layers:
            x = layer(x)
        if copies == 1:
            return x
        x = keras.ops.reshape(x, (copies, -1, *x.shape[1:]))
        return keras.ops.mean(x, axis=0)

    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        return tf.function(run, jit_compile=model.jit_compile, autograph=False)
    if backend == "jax":
        import jax

        def stateless(values, x):
            pairs = list(zip(model.variables, values, strict=True))
            with keras.StatelessScope(state_mapping=pairs):
                return run(x)

        # Weights that can change are arguments, as in `predict`.
        jitted = jax.jit(stateless)
        return lambda x: jitted([v.value for v in model.variables], x)
    import torch

    return torch.no_grad()(run)


def baal_wrapper(name):
    from baal.bayesian.dropout import MCDropoutModule
    from baal.modelwrapper import ModelWrapper
    from baal.modelwrapper import TrainingArgs
    from torch import nn

    keras.utils.set_random_seed(0)
    trunk = [
        *(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU()),
        *(nn.MaxPool2d(2), nn.Flatten()),
    ]
    head = [nn.Linear(9216, 128), nn.ReLU(), nn.Dropout(0.5)]
    head += [nn.Linear(128, 10), nn.Softmax(-1)]
    layers = {
        "cnn": [*trunk, nn.Dropout(0.25), *head],
        "dropout before the last layer": [*trunk, *head],
        "mlp": [
            *(nn.Dropout(0.2), nn.Linear(784, 512), nn.ReLU()),
            *(nn.Dropout(0.5), nn.Linear(512, 512), nn.ReLU()),
            *(nn.Dropout(0.5), nn.Linear(512, 10), nn.Softmax(-1)),
        ],
    }
    net = MCDropoutModule(nn.Sequential(*layers[name]))
    return ModelWrapper(net, TrainingArgs(use_cuda=False))


def in_turns(ways, rounds):
    """Returns `{name: seconds of each round}`; the first round compiles."""
    times = {name: [] for name in ways}
    for _ in range(rounds + 1):
        for name, way in ways.items():
            start = clock()
            way()
            times[name].append(clock() - start)
    return {name: np.array(seconds[1:]) for name, seconds in times.items()}
