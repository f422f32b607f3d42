"""Is the uncertainty useful? Softmax against Monte Carlo dropout.

Networks learn eight of ten classes of real images. A model that knows what it
does not know should be less certain of held-out images under noise, and of
images of the two classes that it never saw. Two networks are trained on each
of ten seeds, each with another pair of classes left out, and each predicts
twice, as usual and with its dropout on, the mean of 100 samples:

    softmax            ReLU, dropout in training only
    MC dropout         the same network
    softmax, SELU      self-normalising, alpha dropout in training only
    MC alpha dropout   the same network

Run as

    python examples/uncertainty.py
    KERAS_BACKEND=jax python examples/uncertainty.py --seeds 3 --noise 0.3
    python examples/uncertainty.py --dataset fashion_mnist

(needs scikit-learn and matplotlib; fashion_mnist is downloaded). It prints
accuracy, negative log-likelihood and expected calibration error on held-out
images of the known classes and on the same images under noise; the area under
the ROC curve (AUROC) of the uncertainty that tells noisy and unseen images
from the held-out ones; and the accuracy on clean and noisy images together
when the most uncertain ones are rejected. All are mean and standard deviation
over the seeds. It draws `uncertainty.png`.
"""

import argparse
from functools import partial

import keras
import numpy as np
from image_tasks import CLASSES
from image_tasks import PAIRS
from image_tasks import load
from one_thread import one_thread_on_torch
from sklearn.metrics import roc_auc_score
from uncertainty_figure import draw

import keras_trainkit as ktk

metrics = ktk.uncertainty.metrics

# Name of the usual prediction and of the sampled one, for each network.
NETWORKS = {
    "relu": ("softmax", "MC dropout"),
    "selu": ("softmax, SELU", "MC alpha dropout"),
}
ARMS = tuple(arm for pair in NETWORKS.values() for arm in pair)
SETS = ("clean", "noisy", "unseen")
REJECTED = (0.0, 0.1, 0.2, 0.3, 0.5)


def split(x, y, seed, args):
    """Returns `(x, y)` to train on, and of each set to be compared."""
    rng = np.random.default_rng(seed)
    unseen = np.isin(y, PAIRS[seed % len(PAIRS)])
    order = rng.permutation(np.flatnonzero(~unseen))
    x_known, y_known = x[order], np.unique(y[order], return_inverse=True)[1]
    x_test, y_test = x_known[args.train :], y_known[args.train :]
    noise = rng.normal(scale=args.noise, size=x_test.shape)
    sets = {
        "train": (x_known[: args.train], y_known[: args.train]),
        "clean": (x_test, y_test),
        "noisy": (np.clip(x_test + noise, 0, 1), y_test),
        "unseen": (x[unseen], None),
    }
    mean, spread = sets["train"][0].mean(), sets["train"][0].std()
    return {
        name: (((x - mean) / spread).astype("float32"), y)
        for name, (x, y) in sets.items()
    }


def network(activation, shape):
    dropout, initializer = {
        "relu": (partial(keras.layers.Dropout, 0.2), "he_normal"),
        "selu": (partial(keras.layers.AlphaDropout, 0.1), "lecun_normal"),
    }[activation]
    layers = [keras.Input(shape), keras.layers.Flatten()]
    for _ in range(3):
        dense = keras.layers.Dense(
            128, activation, kernel_initializer=initializer
        )
        layers += [dense, dropout()]
    head = keras.layers.Dense(CLASSES - 2, activation="softmax")
    return keras.Sequential([*layers, head])


def train(activation, data, args):
    model = network(activation, data[0].shape[1:])
    model.compile(
        keras.optimizers.Adam(0.001), "sparse_categorical_crossentropy"
    )
    model.fit(*data, batch_size=32, epochs=args.epochs, verbose=0)
    return model


def predict(model, x, seed, samples):
    """Returns probabilities and uncertainties, as usual and sampled."""
    usual = model.predict(x, batch_size=256, verbose=0)
    sampled = ktk.uncertainty.mc_predict(
        model, x, samples=samples, batch_size=256, seed=seed
    )
    return (
        {"mean": usual, "entropy": metrics.entropy(usual)},
        {
            "mean": sampled.mean,
            "entropy": sampled.entropy,
            "by information": sampled.mutual_information,
        },
    )


def scores(y, p):
    """Returns accuracy, negative log-likelihood and calibration error."""
    return [
        np.mean(p.argmax(axis=1) == y),
        metrics.negative_log_likelihood(y, p),
        metrics.expected_calibration_error(y, p),
    ]


def told_apart(uncertainty):
    """Returns the AUROC of noisy and of unseen images against clean ones."""
    areas = []
    for other in SETS[1:]:
        both = [uncertainty["clean"], uncertainty[other]]
        truth = np.repeat([0, 1], [len(part) for part in both])
        areas.append(roc_auc_score(truth, np.concatenate(both)))
    return areas


def accuracy_of_the_rest(right, uncertainty, rejected):
    """Returns the accuracy when fractions of the images are rejected."""
    kept = np.round((1 - np.asarray(rejected)) * len(right)).astype(int)
    order = np.argsort(uncertainty, kind="stable")
    return np.cumsum(right[order])[kept - 1] / kept


def measure(predicted, data):
    """Returns everything that is reported of one arm on one seed."""
    ends = np.cumsum([len(data[name][0]) for name in SETS])[:-1]
    parts = {
        key: dict(zip(SETS, np.split(values, ends), strict=True))
        for key, values in predicted.items()
    }
    y, p = data["clean"][1], parts.pop("mean")
    labels = np.concatenate([y, y])
    both = np.concatenate([p["clean"], p["noisy"]])
    entropy = parts["entropy"]
    doubt = np.concatenate([entropy["clean"], entropy["noisy"]])
    right = both.argmax(axis=1) == labels
    return {
        "clean": scores(y, p["clean"]),
        "noisy": scores(y, p["noisy"]),
        "AUROC": {key: told_apart(values) for key, values in parts.items()},
        "rest": accuracy_of_the_rest(right, doubt, REJECTED),
        "both": (labels, both),
    }


def run(seed, x, y, args):
    """Runs the experiment once; returns what was found of each arm."""
    keras.utils.set_random_seed(seed)
    data = split(x, y, seed, args)
    asked = np.concatenate([data[name][0] for name in SETS])
    found = {}
    for activation, arms in NETWORKS.items():
        model = train(activation, data["train"], args)
        answers = predict(model, asked, seed, args.samples)
        for arm, predicted in zip(arms, answers, strict=True):
            found[arm] = measure(predicted, data)
    return found


def table(title, columns, rows):
    print(f"{title:36}" + "".join(f"{column:>15}" for column in columns))
    for name, values in rows.items():
        mean, std = np.mean(values, axis=0), np.std(values, axis=0)
        cells = [f"{m:.3f} ± {d:.3f}" for m, d in zip(mean, std, strict=True)]
        print(f"  {name:34}" + "".join(f"{cell:>15}" for cell in cells))


def report(runs, args):
    tested = len(runs[0][ARMS[0]]["both"][0]) // 2
    print(
        f"{args.dataset}, {len(runs)} seeds, backend "
        f"{keras.backend.backend()}: {args.train} images to train on, "
        f"{tested} or so held out, {args.samples} samples"
    )
    columns = ("accuracy", "NLL", "ECE")
    for name, title in (
        ("clean", "held-out images"),
        ("noisy", f"under noise of {args.noise:g}"),
    ):
        rows = {arm: [run[arm][name] for run in runs] for arm in ARMS}
        table(title, columns, rows)
    rows = {
        f"{arm}, {by}" if by != "entropy" else arm: [
            run[arm]["AUROC"][by] for run in runs
        ]
        for arm in ARMS
        for by in runs[0][arm]["AUROC"]
    }
    table("AUROC of the entropy", SETS[1:], rows)
    rows = {arm: [run[arm]["rest"] for run in runs] for arm in ARMS}
    table(
        "accuracy, clean and noisy",
        [f"{r:.0%} rejected" for r in REJECTED],
        rows,
    )


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    datasets = ("digits", "fashion_mnist")
    add("--dataset", choices=datasets, default="digits")
    add("--seeds", type=int, default=10)
    add("--first-seed", type=int, default=0)
    add("--train", type=int, default=500, help="images to train on")
    add("--epochs", type=int, default=40)
    add("--noise", type=float, default=0.5, help="deviation; pixels in [0, 1]")
    add("--samples", type=int, default=100, help="of Monte Carlo dropout")
    add("--quick", action="store_true", help="few epochs, for tests")
    add("--output", default="uncertainty.png")
    args = parser.parse_args(argv)
    if args.quick:
        args.seeds, args.epochs, args.samples = min(args.seeds, 2), 8, 10
    return args


def main(argv=None):
    args = parse(argv)
    x, y = load(args.dataset)
    seeds = range(args.first_seed, args.first_seed + args.seeds)
    runs = [run(seed, x, y, args) for seed in seeds]
    report(runs, args)
    draw(runs, ARMS, REJECTED, args.output)
    print(f"drawn: {args.output}")
    return runs


if __name__ == "__main__":
    one_thread_on_torch()
    main()
