"""What `mc_predict` costs, against loops, against baal, and against the limit.

    KERAS_BACKEND=jax python benchmarks/mc_predict.py speed
    KERAS_BACKEND=jax python benchmarks/mc_predict.py samples
    KERAS_BACKEND=jax python benchmarks/mc_predict.py memory

speed: 500 rows, 20 samples, batches of 32, three models: the convolutional
network of KERAS_FACTS, an MLP with dropout before each of its three layers,
and one with dropout before the last layer only. These take turns: mc_predict;
the textbook loop `np.stack([model(x, training=True) ...])` over all rows at
once; a loop of `predict` of a model with Monte Carlo layers; on torch, baal's
MCDropoutModule in its ModelWrapper, where baal can be imported; and the limit:
what comes before the first dropout once, the rest without dropout for each
sample, compiled, without anything else. Ratios of each round to the limit, and
of the others to mc_predict.

samples: 10, 100 and 1000 samples in turns; the time beyond that of 10, for
each further sample, in that of the limit's.

memory: the peak of a process that predicts with 10 and with 1000 samples.

--quick takes 256 rows and fewer rounds.
"""

import argparse
import importlib.util
import os
import resource
import subprocess
import sys
import time
from functools import partial

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from interleave import report

import keras_trainkit as ktk

BATCH, SAMPLES, CHUNK = 32, 20, 10
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
        self.tail = compiled(self.model, certain, CHUNK)

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
        means = []
        for first in range(0, len(self.x), BATCH):
            h = self.trunk(self.x[first : first + BATCH])
            parts = [self.tail(h) for _ in range(samples // CHUNK)]
            means.append(keras.ops.convert_to_numpy(sum(parts)))
        return np.concatenate(means) / (samples // CHUNK)

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
            start = time.perf_counter()
            way()
            times[name].append(time.perf_counter() - start)
    return {name: np.array(seconds[1:]) for name, seconds in times.items()}


def speed(rows, rounds):
    for name in MODELS:
        setting = Setting(name, rows)
        ways = {
            "the limit": setting.limit,
            "mc_predict": setting.mc_predict,
            "loop of predict": setting.loop_of_predict,
            "textbook loop": setting.textbook,
        }
        torch = keras.backend.backend() == "torch"
        if torch and importlib.util.find_spec("baal"):
            ways["baal"] = setting.baal
        times = in_turns(ways, rounds)
        print(f"{name}: the limit takes {np.median(times['the limit']):.3f} s")
        ours = times.pop("mc_predict")
        report("  mc_predict / limit", ours, times.pop("the limit"))
        for other, seconds in times.items():
            report(f"  {other} / mc_predict", seconds, ours)


def samples(rows, rounds):
    for name in MODELS:
        setting = Setting(name, rows)
        counts = ("10", "100", "1000")
        ways = {n: partial(setting.mc_predict, int(n)) for n in counts}
        ways["limit 10"] = partial(setting.limit, 10)
        ways["limit 100"] = partial(setting.limit, 100)
        times = in_turns(ways, rounds)
        each = (times["limit 100"] - times["limit 10"]) / 90
        medians = {key: np.median(seconds) for key, seconds in times.items()}
        print(f"{name}: {medians['10']:.3f}, {medians['100']:.3f} and ", end="")
        print(f"{medians['1000']:.3f} s for 10, 100 and 1000 samples")
        for more, less in (("100", "10"), ("1000", "100")):
            further = (times[more] - times[less]) / (int(more) - int(less))
            text = f"  a sample from {less} to {more} / one of the limit"
            report(text, further, np.full_like(further, np.median(each)))


def memory(rows):
    for count in (2, 10, 1000):
        process = subprocess.run(
            [sys.executable, __file__, "peak", str(rows), str(count)],
            capture_output=True,
            text=True,
            check=True,
        )
        print(f"{count} samples: peak {process.stdout.split()[-1]} MiB")


def peak(rows, count):
    Setting("cnn", rows).mc_predict(count)
    kibibytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"{kibibytes / 1024:.0f}")


if __name__ == "__main__":
    if sys.argv[1] == "peak":
        peak(int(sys.argv[2]), int(sys.argv[3]))
        sys.exit()
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["speed", "samples", "memory"])
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    rows = 256 if arguments.quick else 500
    rounds = 3 if arguments.quick else 9
    if arguments.what == "memory":
        memory(rows)
    else:
        {"speed": speed, "samples": samples}[arguments.what](rows, rounds)
