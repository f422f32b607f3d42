"""A deep network in six steps: which technique is worth what?

Twenty hidden layers of 100 units learn small images, in the ways that a chapter
on deep networks recommends one after the other:

    He + Swish                  He's initializer, Swish, Nadam, early stopping
    + BatchNormalization        the same, normalised before each activation
    SELU                        LeCun's initializer, no normalisation
    SELU, alpha dropout         the same, with alpha dropout before the output
        with MC prediction      the same network, the mean of sampled outputs
    SELU, alpha dropout, 1cycle the same, a short run under 1cycle
        with MC prediction      that network, likewise

each with Nadam at the best rate of the same grid. The rates were chosen on
other seeds by their validation accuracy, which `--search` does again; they
stand in this file. Run as

    KERAS_BACKEND=jax python examples/deep_mlp.py
    KERAS_BACKEND=jax python examples/deep_mlp.py --dataset cifar10
    KERAS_BACKEND=jax python examples/deep_mlp.py --search

(needs scikit-learn and matplotlib; cifar10 is downloaded). It prints one table:
accuracy on test images, mean and standard deviation over the seeds; epochs
until the best validation loss, and epochs trained, in the mean; the median of
the seconds per epoch; the learning rate. It draws `deep_mlp.png`.
"""

import argparse
import time

import keras
import numpy as np
from deep_mlp_figure import draw
from one_thread import one_thread_on_torch
from sklearn.datasets import load_digits

import keras_trainkit as ktk

CLASSES = 10
SWISH, NORMALISED = "He + Swish", "+ BatchNormalization"
SELU, DROPOUT = "SELU", "SELU, alpha dropout"
ONE_CYCLE = "SELU, alpha dropout, 1cycle"
ARMS = (SWISH, NORMALISED, SELU, DROPOUT, ONE_CYCLE)
SAMPLED = ", MC prediction"
GRID = (1e-4, 3e-4, 1e-3, 3e-3)
# The best of the grid on seeds of their own, see `search`.
RATES = {
    "digits": {
        SWISH: 1e-3,
        NORMALISED: 3e-3,
        SELU: 3e-3,
        DROPOUT: 3e-4,
        ONE_CYCLE: 1e-3,
    },
    "cifar10": dict.fromkeys(ARMS, 3e-4),
}
FIRST_TUNING_SEED = 100
# Of all images: for validation, and for the test of the digits.
HELD_OUT = {"digits": (300, 500), "cifar10": (5000, None)}


def digits():
    """Returns scikit-learn's 8x8 images and their labels."""
    found = load_digits()
    return found.data, found.target


def cifar10():
    """Returns the images of CIFAR-10, those for the test last."""
    parts = keras.datasets.cifar10.load_data()
    x, y = (np.concatenate(both) for both in zip(*parts, strict=True))
    return x.reshape((len(x), -1)), y.ravel()


LOADERS = {"digits": digits, "cifar10": cifar10}


def split(dataset, x, y, seed):
    """Returns `(x, y)` to train on, to validate and to test with.

    CIFAR-10 comes with its own images for the test. Columns are standardised
    by those to train on.
    """
    validated, tested = HELD_OUT[dataset]
    rng = np.random.default_rng(seed)
    if tested is None:
        tested = len(x) // 6
        order = rng.permutation(len(x) - tested)
        order = np.concatenate([np.arange(len(x) - tested, len(x)), order])
    else:
        order = rng.permutation(len(x))
    parts = np.split(order, [tested, tested + validated])
    test, validation, train = (x[part].astype("float32") for part in parts)
    labels = [y[part] for part in parts]
    mean, spread = train.mean(axis=0), train.std(axis=0) + 1e-3
    x = [(one - mean) / spread for one in (train, validation, test)]
    return list(zip(x, labels[::-1], strict=True))


def network(arm, features, layers=20, units=100, dropout=0.1):
    """Returns the network of an arm, not compiled."""
    selu = arm not in (SWISH, NORMALISED)
    activation, initializer = (
        ("selu", "lecun_normal") if selu else ("swish", "he_normal")
    )
    model = keras.Sequential([keras.Input((features,))])
    for _ in range(layers):
        model.add(
            keras.layers.Dense(
                units,
                kernel_initializer=initializer,
                use_bias=arm != NORMALISED,
            )
        )
        if arm == NORMALISED:
            model.add(keras.layers.BatchNormalization())
        model.add(keras.layers.Activation(activation))
    if arm in (DROPOUT, ONE_CYCLE):
        model.add(keras.layers.AlphaDropout(dropout))
    model.add(keras.layers.Dense(CLASSES, activation="softmax"))
    return model


class EpochTimes(keras.callbacks.Callback):
    """Notes what each epoch took, validation left out."""

    def __init__(self, clock):
        super().__init__()
        self.clock, self.seconds = clock, []

    def on_epoch_begin(self, epoch, logs=None):
        self.begin = self.clock()
        self.last = None

    def on_train_batch_end(self, batch, logs=None):
        self.last = self.clock()

    def on_epoch_end(self, epoch, logs=None):
        self.seconds.append(self.last - self.begin)

    @property
    def median(self):
        """Of the epochs but the first, which compiles."""
        return float(np.median(self.seconds[1:] or self.seconds))


def train(arm, rate, data, seed, args):
    """Returns the trained network, and a dictionary of how it went."""
    keras.utils.set_random_seed(seed)
    (x, y), validation, _ = data
    model = network(arm, x.shape[1], args.layers, args.units)
    model.compile(
        keras.optimizers.Nadam(rate),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    clock = time.process_time if args.processor_time else time.perf_counter
    times = EpochTimes(clock)
    stop = keras.callbacks.EarlyStopping(
        patience=args.patience, restore_best_weights=True
    )
    one_cycle = arm == ONE_CYCLE
    extra = ktk.callbacks.OneCycle(rate) if one_cycle else stop
    history = model.fit(
        x,
        y,
        batch_size=args.batch_size,
        epochs=args.cycle_epochs if one_cycle else args.epochs,
        validation_data=validation,
        callbacks=[extra, times],
        verbose=0,
    ).history
    best = int(np.argmin(history["val_loss"]))
    kept = -1 if one_cycle else best
    return model, {
        "validation": history["val_accuracy"][kept],
        "best epoch": best + 1,
        "epochs": len(history["val_loss"]),
        "seconds": times.median,
    }


def accuracy(probabilities, y):
    return float(np.mean(np.argmax(probabilities, axis=1) == y))


def run(seed, x, y, args, rates):
    """Returns what was found of each row of the table on one seed."""
    data = split(args.dataset, x, y, seed)
    x_test, y_test = data[-1]
    found = {}
    for arm in ARMS:
        model, facts = train(arm, rates[arm], data, seed, args)
        usual = model.predict(x_test, batch_size=500, verbose=0)
        found[arm] = {"accuracy": accuracy(usual, y_test), **facts}
        if arm in (DROPOUT, ONE_CYCLE):
            sampled = ktk.uncertainty.mc_predict(
                model, x_test, samples=args.samples, batch_size=500, seed=seed
            )
            found[arm + SAMPLED] = {"accuracy": accuracy(sampled.mean, y_test)}
    return found


def search(x, y, args):
    """Returns rates for `RATES`, each the best of the grid on other seeds."""
    seeds = range(FIRST_TUNING_SEED, FIRST_TUNING_SEED + args.tuning_seeds)
    best = {}
    for arm in ARMS:
        found = {rate: [] for rate in args.grid}
        for seed in seeds:
            data = split(args.dataset, x, y, seed)
            for rate, scores in found.items():
                _, facts = train(arm, rate, data, seed, args)
                scores.append(facts["validation"])
        means = {rate: np.mean(scores) for rate, scores in found.items()}
        best[arm] = max(means, key=means.get)
        shown = "  ".join(f"{rate:g}: {a:.4f}" for rate, a in means.items())
        print(f"{arm:30}{shown}", flush=True)
    return best


def report(runs, args, rates):
    """Prints the table; returns its lines."""
    lines = [
        f"{args.dataset}, {args.layers} layers of {args.units} units, "
        f"{len(runs)} seeds, backend {keras.backend.backend()}, "
        f"{args.samples} samples",
        f"{'':43}{'accuracy':>16}{'best epoch':>14}{'epochs':>10}"
        f"{'s per epoch':>14}{'rate':>9}",
    ]
    for row in runs[0]:
        values = {key: [run[row][key] for run in runs] for key in runs[0][row]}
        hits = values["accuracy"]
        cells = f"{np.mean(hits):.4f} ± {np.std(hits):.4f}"
        line = f"{row:43}{cells:>16}"
        if "epochs" in values:
            line += f"{np.mean(values['best epoch']):>14.1f}"
            line += f"{np.mean(values['epochs']):>10.1f}"
            line += f"{np.median(values['seconds']):>14.3f}"
            line += f"{rates[row]:>9g}"
        lines.append(line)
    print("\n".join(lines), flush=True)
    return lines


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--dataset", choices=tuple(LOADERS), default="digits")
    add("--seeds", type=int, default=5)
    add("--layers", type=int, default=20)
    add("--units", type=int, default=100)
    add("--epochs", type=int, default=100, help="at most, before it is stopped")
    add("--patience", type=int, default=15, help="epochs without improvement")
    add("--cycle-epochs", type=int, default=15, help="of the run under 1cycle")
    add("--batch-size", type=int, default=32)
    add("--samples", type=int, default=100, help="of Monte Carlo prediction")
    add("--search", action="store_true", help="for the learning rates")
    add("--tuning-seeds", type=int, default=2)
    add("--grid", type=float, nargs="+", default=GRID)
    add("--output", default="deep_mlp.png")
    add("--processor-time", action="store_true", help="not the wall's clock")
    add("--quick", action="store_true", help="few small epochs, for tests")
    args = parser.parse_args(argv)
    if args.quick:
        args.seeds, args.layers, args.units = min(args.seeds, 1), 2, 32
        args.epochs, args.cycle_epochs, args.samples = 2, 2, 5
    return args


def main(argv=None):
    args = parse(argv)
    x, y = LOADERS[args.dataset]()
    if args.search:
        return search(x, y, args)
    rates = RATES[args.dataset]
    runs = [run(seed, x, y, args, rates) for seed in range(args.seeds)]
    report(runs, args, rates)
    draw(runs, args.dataset, args.output)
    print(f"drawn: {args.output}")
    return runs


if __name__ == "__main__":
    one_thread_on_torch()
    main()
