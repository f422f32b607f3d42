"""1cycle against a constant and an exponentially decaying learning rate.

How many steps does each need to the same validation accuracy, at its own best
peak rate? Digits of scikit-learn, a network of four hidden layers, SGD with
Nesterov momentum. The rate, and for the two that have an end the length of
the run too, is the one of a small grid with the fewest steps on seeds that
are not used afterwards; then five other seeds, with other splits, are run.
Run as

    python examples/one_cycle.py
    KERAS_BACKEND=jax python examples/one_cycle.py --target 0.97

(needs scikit-learn and matplotlib). It prints the choices and a table, steps
and final accuracy as mean and standard deviation over the seeds, and draws
`one_cycle.png`. A run that misses the target counts with all the steps of the
longest run.
"""

import argparse
import itertools

import keras
import numpy as np
from matplotlib.figure import Figure
from one_thread import one_thread_on_torch
from sklearn.datasets import load_digits

import keras_trainkit as ktk

STEPS = 16  # of 64 images, in an epoch
METHODS = ("constant", "exponential", "1cycle")
FIRST_TUNING_SEED = 1000


def data(seed):
    """Returns images to train on and images to validate on."""
    x, y = load_digits(return_X_y=True)
    order = np.random.default_rng(seed).permutation(len(x))
    x, y = (x[order] / 16).astype("float32"), y[order]
    cut = STEPS * 64
    return (x[:cut], y[:cut]), (x[cut:], y[cut:])


def network():
    hidden = [
        keras.layers.Dense(64, "relu", kernel_initializer="he_normal")
        for _ in range(4)
    ]
    head = keras.layers.Dense(10, activation="softmax")
    return keras.Sequential([keras.Input((64,)), *hidden, head])


def train(method, rate, epochs, seed):
    """Returns the validation accuracy after each epoch."""
    keras.utils.set_random_seed(seed)
    training, validation = data(seed)
    callbacks, initial = [], rate
    if method == "1cycle":
        callbacks.append(ktk.callbacks.OneCycle(max_lr=rate))
    if method == "exponential":
        # To a hundredth at the end.
        initial = keras.optimizers.schedules.ExponentialDecay(
            rate, decay_steps=epochs * STEPS, decay_rate=0.01
        )
    model = network()
    model.compile(
        keras.optimizers.SGD(initial, momentum=0.9, nesterov=True),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    history = model.fit(
        *training,
        batch_size=64,
        epochs=epochs,
        validation_data=validation,
        validation_batch_size=len(validation[0]),
        callbacks=callbacks,
        verbose=0,
    )
    return np.array(history.history["val_accuracy"])


def steps_to(target, accuracies, longest):
    """Returns the steps until `target` is reached, or all of `longest`."""
    reached = np.flatnonzero(accuracies >= target)
    return STEPS * (reached[0] + 1 if len(reached) else longest)


def choose(method, args):
    """Returns the rate and the epochs with the fewest steps when tuning."""
    longest = max(args.epochs)
    lengths = [longest] if method == "constant" else args.epochs
    choices = list(itertools.product(args.rates, lengths))
    if len(choices) == 1:
        return choices[0]
    seeds = range(FIRST_TUNING_SEED, FIRST_TUNING_SEED + args.tuning_seeds)
    tried = {}
    for rate, epochs in choices:
        runs = [train(method, rate, epochs, seed) for seed in seeds]
        steps = [steps_to(args.target, run, longest) for run in runs]
        final = np.mean([run[-1] for run in runs])
        tried[rate, epochs] = (np.mean(steps), -final)
    return min(tried, key=tried.get)


def report(results, args):
    print(
        f"digits, {args.seeds} seeds, backend {keras.backend.backend()}: "
        f"steps to validation accuracy {args.target}"
    )
    print("  rate         peak  length  steps: mean ± std  reached  at the end")
    for method, found in results.items():
        steps, runs = found["steps"], found["runs"]
        reached = sum(run.max() >= args.target for run in runs)
        final = [run[-1] for run in runs]
        print(
            f"  {method:11} {found['rate']:5g}  {found['epochs'] * STEPS:6}  "
            f"{np.mean(steps):11.0f} ± {np.std(steps):3.0f}  "
            f"{reached:3} of {len(runs)}  "
            f"{np.mean(final):.3f} ± {np.std(final):.3f}"
        )


def draw(results, target, path):
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    for i, (method, found) in enumerate(results.items()):
        runs = np.array(found["runs"])
        steps = STEPS * np.arange(1, runs.shape[1] + 1)
        label = f"{method}, peak {found['rate']:g}"
        axes.plot(steps, runs.mean(axis=0), color=f"C{i}", label=label)
        axes.fill_between(
            steps,
            runs.min(axis=0),
            runs.max(axis=0),
            color=f"C{i}",
            alpha=0.15,
            linewidth=0,
        )
    axes.axhline(target, color="0.4", linestyle="--", linewidth=1)
    axes.set_ylim(min(0.9, target - 0.05), 1.0)
    axes.set_xlabel("step")
    axes.set_ylabel("validation accuracy")
    axes.set_title(f"mean and range of {len(runs)} seeds")
    axes.legend(loc="lower right")
    figure.savefig(path, dpi=100)


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--seeds", type=int, default=5)
    add("--tuning-seeds", type=int, default=2)
    add("--target", type=float, default=0.96)
    add("--rates", type=float, nargs="+", default=[0.01, 0.03, 0.1, 0.3])
    add("--epochs", type=int, nargs="+", default=[8, 16, 32])
    add("--quick", action="store_true", help="a tiny grid, for tests")
    add("--output", default="one_cycle.png")
    args = parser.parse_args(argv)
    if args.quick:
        args.rates, args.epochs, args.target = [0.1], [4], 0.8
        args.seeds = 2
    return args


def main(argv=None):
    args = parse(argv)
    results = {}
    for method in METHODS:
        rate, epochs = choose(method, args)
        runs = [train(method, rate, epochs, seed) for seed in range(args.seeds)]
        longest = max(args.epochs)
        steps = [steps_to(args.target, run, longest) for run in runs]
        results[method] = {
            "rate": rate,
            "epochs": epochs,
            "runs": runs,
            "steps": steps,
        }
    report(results, args)
    draw(results, args.target, args.output)
    print(f"drawn: {args.output}")
    return results


if __name__ == "__main__":
    one_thread_on_torch()
    main()
