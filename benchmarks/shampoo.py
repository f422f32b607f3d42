"""Steps, epochs and time of `optimizers.Shampoo` over those of Adam.

    KERAS_BACKEND=jax python benchmarks/shampoo.py problems
    KERAS_BACKEND=jax python benchmarks/shampoo.py mlp
    KERAS_BACKEND=jax python benchmarks/shampoo.py time

`problems`: three ill-conditioned problems (`shampoo_problems.py`). Counted are
the steps until the loss stays below 1e-5 of what it was at the start.
`mlp`: the digits of scikit-learn and a network of 20 hidden layers of 100
units, He initialisation and Swish. Counted are the epochs until the training
loss of an epoch is below 0.1, and the epochs' time in turns.

Each optimizer has the rate of one grid that was best on a seed of its own; the
seeds that are reported have not been looked at for that. The rate is constant.
"""

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from device import announce
from interleave import clock
from interleave import epoch_times
from interleave import report
from shampoo_problems import PROBLEMS

import keras_trainkit as ktk

RATES = (0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
TUNING_SEED = 1000
OPTIMIZERS = {
    "Adam": keras.optimizers.Adam,
    "Shampoo": ktk.optimizers.Shampoo,
}
TARGET, MOST_STEPS, STAYS, CHUNK = 1e-5, 8000, 50, 250
TARGET_LOSS, MOST_EPOCHS, WARM_UP = 0.1, 30, 2


class Runs:
    """A problem's losses under an optimizer, compiled once for all rates.

    By JAX alone: a step of these takes less time than to call it.
    """

    def __init__(self, problem, make_optimizer):
        import jax

        self.problem = problem
        self.optimizer = make_optimizer(RATES[0])
        weights, _ = problem.make(0)
        self.variables = [keras.Variable(w, dtype="float32") for w in weights]
        self.optimizer.build(self.variables)
        self.fresh = [np.asarray(v.value) for v in self.optimizer.variables]
        self.rate_at = [
            v is self.optimizer._learning_rate for v in self.optimizer.variables
        ].index(True)
        self.chunk = jax.jit(
            lambda state, data, start: jax.lax.scan(
                lambda state, i: self._step(state, data, i),
                state,
                start + jax.numpy.arange(CHUNK),
            )
        )

    def _step(self, state, data, i):
        weights, slots = state
        loss, gradients = self.problem.loss_and_gradients(weights, data, i)
        return self.optimizer.stateless_apply(slots, gradients, weights), loss

    def steps_to_target(self, rate, seed, most=MOST_STEPS):
        """Returns the steps, `most` if they were not enough, and seconds."""
        weights, data = self.problem.make(seed)
        weights, data = (
            [np.asarray(one, "float32") for one in held]
            for held in (weights, data)
        )
        slots = list(self.fresh)
        slots[self.rate_at] = np.float32(rate)
        state, losses = (weights, slots), np.zeros(0)
        # Compiled before the clock starts.
        self.chunk(state, data, 0)
        began = clock()
        while len(losses) < most:
            state, found = self.chunk(state, data, len(losses))
            losses = np.concatenate([losses, np.asarray(found)])
            reached = np.nonzero(~(losses < TARGET * losses[0]))[0]
            # From then on all are below, for a while at least.
            step = int(reached[-1]) + 1
            if len(losses) - step >= STAYS or not np.isfinite(losses[-1]):
                break
        seconds = (clock() - began) / len(losses)
        return (step if len(losses) - step >= STAYS else most), seconds


def run_problems(seeds):
    for name, problem in PROBLEMS.items():
        steps, times, rates = {}, {}, {}
        for key, make in OPTIMIZERS.items():
            runs = Runs(problem, make)
            tuned = {
                rate: runs.steps_to_target(rate, TUNING_SEED)[0]
                for rate in RATES
            }
            rates[key] = min(tuned, key=tuned.get)
            found = [
                runs.steps_to_target(rates[key], seed) for seed in range(seeds)
            ]
            steps[key], times[key] = zip(*found, strict=True)
        shares = np.divide(steps["Shampoo"], steps["Adam"])
        low, middle, high = np.percentile(shares, [25, 50, 75])
        slower = np.median(times["Shampoo"]) / np.median(times["Adam"])
        print(
            f"[{keras.backend.backend()}] {name}: "
            + ", ".join(
                f"{key} {np.median(steps[key]):.0f} steps {steps[key]} at "
                f"rate {rates[key]:g}"
                for key in OPTIMIZERS
            )
            + f"; x{middle:.3f} of Adam's steps (quartiles {low:.3f} to "
            f"{high:.3f}), a step takes x{slower:.1f}",
            flush=True,
        )


def digits():
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    return (x / 16.0 - 0.3).astype("float32"), y


def deep_mlp(optimizer, seed):
    keras.utils.set_random_seed(seed)
    layers = [
        keras.layers.Dense(100, "swish", kernel_initializer="he_normal")
        for _ in range(20)
    ]
    model = keras.Sequential(
        [keras.Input((64,)), *layers, keras.layers.Dense(10, "softmax")]
    )
    model.compile(optimizer, "sparse_categorical_crossentropy")
    return model


class UntilTarget(keras.callbacks.Callback):
    """Stops at the first epoch with a training loss below the target."""

    reached = None

    def on_epoch_end(self, epoch, logs=None):
        loss = logs["loss"]
        if loss < TARGET_LOSS:
            self.reached = epoch + 1
        if self.reached or not np.isfinite(loss):
            self.model.stop_training = True


def epochs_to_target(optimizer, seed, most=MOST_EPOCHS):
    """Returns the epochs; `most + 1` where they were not enough."""
    x, y = digits()
    until = UntilTarget()
    deep_mlp(optimizer, seed).fit(
        x, y, batch_size=64, epochs=most, verbose=0, callbacks=[until]
    )
    return until.reached or most + 1


def run_mlp(seeds, rates):
    for key, make in OPTIMIZERS.items():
        tuned = {}
        for rate in rates:
            most = min([MOST_EPOCHS, *tuned.values()])
            tuned[rate] = epochs_to_target(make(rate), TUNING_SEED, most)
        best = min(tuned, key=tuned.get)
        found = [epochs_to_target(make(best), seed) for seed in range(seeds)]
        print(
            f"[{keras.backend.backend()}] deep MLP, {key} at rate {best:g}: "
            f"{np.median(found):g} epochs of {found} (on the seed for tuning "
            f"{tuned})",
            flush=True,
        )


def run_time(epochs):
    x, y = digits()

    def fit_with(optimizer):
        model = deep_mlp(optimizer, 0)

        def fit(timer):
            model.fit(
                x,
                y,
                batch_size=64,
                epochs=epochs + WARM_UP,
                verbose=0,
                callbacks=[timer],
            )

        return fit

    ways = {
        "Adam": keras.optimizers.Adam(1e-3),
        "Shampoo": ktk.optimizers.Shampoo(1e-3),
        "Shampoo, roots every 50": ktk.optimizers.Shampoo(1e-3, root_every=50),
    }
    fits = [fit_with(optimizer) for optimizer in ways.values()]
    times = epoch_times(fits, WARM_UP)
    for name, row in zip(ways, times, strict=True):
        report(f"deep MLP, {name} over Adam", row, times[0])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["problems", "mlp", "time"])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--rates", type=float, nargs="*", default=RATES[:5])
    given = parser.parse_args()
    if given.what == "problems":
        run_problems(given.seeds)
    elif given.what == "mlp":
        run_mlp(given.seeds, given.rates)
    else:
        run_time(given.epochs)


if __name__ == "__main__":
    announce()
    main()
