"""What a learning-rate search costs, and how good its suggestions are.

    KERAS_BACKEND=jax python benchmarks/learning_rate_search.py cost
    KERAS_BACKEND=jax python benchmarks/learning_rate_search.py reliability
    BENCHMARK_CLOCK=processor KERAS_BACKEND=torch \
        python benchmarks/learning_rate_search.py peers
    KERAS_BACKEND=torch python benchmarks/learning_rate_search.py bound

cost: 6 x Dense(64), Adam, batch 32. A plain `fit`, one with
`LearningRateFinder` and a second plain one take turns epoch by epoch: ratios
of step times. Then whole searches in turn with plain `fit`s of the same 100
steps, both on new models, tracing and compiling included. With
`BENCHMARK_CLOCK=processor` these are processor times, which other work on the
machine changes little: so the stored ones were measured.

reliability: 5 networks x 12 seeds on scikit-learn's digits, one of them with
global pooling and SGD. How many searches answer, in how many passes, and how
far the test accuracy after 20 epochs at the suggested rate is behind that at
the best rate of a grid. The rules were chosen on other seeds: 0 to 11 and
from 1000 on (`--first-seed`).

peers, bound: side by side with Lightning's `lr_find`; see search_peers.py.
They need `pip install lightning`, which nothing else of the project does.
"""

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from device import announce
from interleave import clock
from interleave import epoch_times
from interleave import report
from networks import deep_model
from search_peers import bound
from search_peers import peers
from search_reliability import reliability

import keras_trainkit as ktk

BATCH, STEPS, WARM_UP = 32, 100, 2


def cost(epochs):
    rng = np.random.default_rng(0)
    data = (
        rng.normal(size=(BATCH * STEPS, 64)).astype("float32"),
        rng.normal(size=(BATCH * STEPS, 1)).astype("float32"),
    )
    finder = ktk.callbacks.LearningRateFinder(
        1e-7, 1e-3, steps=epochs * STEPS, early_stop_threshold=None
    )
    ways = {"plain": [], "a search": [finder], "plain again": []}

    def fit_with(callbacks):
        model = deep_model()
        return lambda timer: model.fit(
            *data,
            batch_size=BATCH,
            epochs=epochs,
            verbose=0,
            callbacks=[*callbacks, timer],
        )

    times = epoch_times([fit_with(c) for c in ways.values()], WARM_UP)
    for name, row in zip(ways, times, strict=True):
        report(f"step time of {name} over plain", row, times[0])
    whole(data)


def whole(data, pairs=8):
    def seconds(call):
        model = deep_model()
        start = clock()
        call(model)
        return clock() - start

    times = np.array(
        [
            (
                seconds(lambda m: m.fit(*data, batch_size=BATCH, verbose=0)),
                seconds(
                    lambda m: ktk.tuning.find_learning_rate(
                        m,
                        *data,
                        1e-7,
                        1e-3,
                        steps=STEPS,
                        max_steps=STEPS,
                        early_stop_threshold=None,
                    )
                ),
            )
            for _ in range(pairs)
        ]
    ).T[:, 1:]
    report("whole search over plain fit, 100 steps", times[1], times[0])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parts = parser.add_subparsers(dest="part", required=True)
    parts.add_parser("cost").add_argument("--epochs", type=int, default=40)
    answers = parts.add_parser("reliability")
    answers.add_argument("--seeds", type=int, default=12)
    answers.add_argument("--first-seed", type=int, default=100)
    parts.add_parser("peers").add_argument("--seeds", type=int, default=5)
    parts.add_parser("bound")
    arguments = parser.parse_args()
    if arguments.part == "cost":
        cost(arguments.epochs)
    elif arguments.part == "reliability":
        reliability(arguments.seeds, arguments.first_seed)
    elif arguments.part == "peers":
        peers(arguments.seeds)
    else:
        bound()


if __name__ == "__main__":
    announce()
    main()
