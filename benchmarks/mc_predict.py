"""What `mc_predict` costs, against loops, against baal, and against the limit.

    KERAS_BACKEND=jax python benchmarks/mc_predict.py speed
    KERAS_BACKEND=jax python benchmarks/mc_predict.py architectures
    KERAS_BACKEND=jax python benchmarks/mc_predict.py samples
    KERAS_BACKEND=jax python benchmarks/mc_predict.py memory

speed: 500 rows, 5 and 20 samples, batches of 32, three models: a small
convolutional network, an MLP with dropout before each of its three layers, and
one with dropout before the last layer only. These take turns: mc_predict;
the textbook loop `np.stack([model(x, training=True) ...])` over all rows at
once; a loop of `predict` of a model with Monte Carlo layers; on torch, baal's
MCDropoutModule in its ModelWrapper, where baal can be imported; and the limit:
what comes before the first dropout once, the rest without dropout for each
sample, compiled, without anything else. Ratios of each round to the limit, and
of the others to mc_predict.

architectures: seventeen models of other forms, one batch of 32 rows: mc_predict
over the loop `np.stack([f(x) ...])` with `f = model(x, training=True)` under
`tf.function(jit_compile=True)`, `jax.jit` or `torch.no_grad`, in turns.

samples: 10, 100 and 1000 samples in turns, over the limit; and the time beyond
that of 10, for each further sample, in that of the limit's.

memory: the peak of a process that predicts with 10 and with 1000 samples.

--quick takes 256 rows and fewer rounds.
"""

import argparse
import importlib.util
import os
import resource
import subprocess
import sys
from functools import partial

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from device import announce
from interleave import report
from mc_architectures import ARCHITECTURES
from mc_architectures import compiled_loop
from mc_settings import MODELS
from mc_settings import Setting
from mc_settings import in_turns

import keras_trainkit as ktk


def speed(rows, rounds):
    for name in MODELS:
        setting = Setting(name, rows)
        for count in (5, 20):
            _speed(setting, count, rounds)


def _speed(setting, count, rounds):
    ways = {
        "the limit": setting.limit,
        "mc_predict": setting.mc_predict,
        "loop of predict": setting.loop_of_predict,
        "textbook loop": setting.textbook,
    }
    torch = keras.backend.backend() == "torch"
    if torch and importlib.util.find_spec("baal"):
        ways["baal"] = setting.baal
    ways = {name: partial(way, count) for name, way in ways.items()}
    times = in_turns(ways, rounds)
    seconds = np.median(times["the limit"])
    print(f"{setting.name}, {count} samples: the limit takes {seconds:.3f} s")
    ours = times.pop("mc_predict")
    report("  mc_predict / limit", ours, times.pop("the limit"))
    for other, seconds in times.items():
        report(f"  {other} / mc_predict", seconds, ours)


def architectures(rows, rounds):
    for name, (make, count) in ARCHITECTURES.items():
        keras.utils.set_random_seed(0)
        model, x = make()
        ways = {
            "ours": partial(
                ktk.uncertainty.mc_predict, model, x, count, seed=0
            ),
            "loop": compiled_loop(model, x, count),
        }
        times = in_turns(ways, rounds)
        text = f"{name}, {count} samples: mc_predict / compiled loop"
        report(text, times["ours"], times["loop"])


def samples(rows, rounds):
    for name in MODELS:
        setting = Setting(name, rows)
        counts = (10, 100, 1000)
        ours = {n: partial(setting.mc_predict, n) for n in counts}
        limits = {-n: partial(setting.limit, n) for n in counts}
        times = in_turns({**ours, **limits}, rounds)
        each = (times[-100] - times[-10]) / 90
        medians = [f"{np.median(times[n]):.3f}" for n in counts]
        print(f"{name}: {', '.join(medians)} s for 10, 100 and 1000 samples")
        for n in counts:
            report(f"  {n} samples: mc_predict / limit", times[n], times[-n])
        for more, less in ((100, 10), (1000, 100)):
            further = (times[more] - times[less]) / (more - less)
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
    if sys.argv[1:2] == ["peak"]:
        peak(int(sys.argv[2]), int(sys.argv[3]))
        sys.exit()
    parser = argparse.ArgumentParser()
    ways = {
        "speed": speed,
        "architectures": architectures,
        "samples": samples,
    }
    parser.add_argument("what", choices=[*ways, "memory"])
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    announce()
    rows = 256 if arguments.quick else 500
    rounds = 3 if arguments.quick else 9
    if arguments.what == "memory":
        memory(rows)
    else:
        ways[arguments.what](rows, rounds)
