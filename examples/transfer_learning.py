"""What transfer learning gains with a handful of labels, over seeds.

Model A learns eight of the ten classes of real images. Task B separates the
other two from a handful of labelled images. For every seed, each with another
pair of classes, three networks of one architecture learn task B:

    from scratch   all of it new
    frozen         model A's layers kept as they are, a new head
    fine-tuned     the same head first, then all layers with a tenth of the
                   learning rate, in one `fit` with FineTuning and OneCycle

and the fine-tuned network predicts again with Monte Carlo dropout. Run as

    python examples/transfer_learning.py
    KERAS_BACKEND=torch python examples/transfer_learning.py --labels 10
    python examples/transfer_learning.py --dataset fashion_mnist

(needs scikit-learn and matplotlib; fashion_mnist is downloaded). It prints
the accuracy on all other images of the two classes, mean and standard
deviation over the seeds, and the gain over the network from scratch with its
standard error; it draws `transfer_learning.png`. How the settings were chosen
is in `examples/README.md`. With `--shuffle-labels` the labels of task B mean
nothing, and the accuracy must be that of chance, 0.5.
"""

import argparse

import keras
import numpy as np
from image_tasks import CLASSES
from image_tasks import PAIRS
from image_tasks import load
from image_tasks import split
from one_thread import one_thread_on_torch
from transfer_figure import draw

import keras_trainkit as ktk

ARMS = ("from scratch", "frozen", "fine-tuned", "MC dropout")
# Of the fine-tuned network's, all layers see a tenth.
MAX_LR = {"from scratch": 0.01, "frozen": 0.01, "fine-tuned": 0.1}


def network(shape, classes=CLASSES - 2):
    layers = keras.layers
    he = {"activation": "relu", "kernel_initializer": "he_normal"}
    return keras.Sequential(
        [
            keras.Input(shape),
            layers.Conv2D(32, 3, padding="same", **he),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, padding="same", **he),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.25),
            layers.Dense(64, **he),
            layers.Dropout(0.5),
            layers.Dense(classes, activation="softmax"),
        ]
    )


def for_task_b(model):
    """Returns a copy of `model` with a new head for two classes."""
    head = keras.layers.Dense(1, activation="sigmoid", name="head")
    return ktk.transfer.replace_head(model, head)


def train(model, data, epochs, batch_size, max_lr, stages=None):
    """Trains with 1cycle, in stages if given; returns the per-step curves."""
    one_cycle = ktk.callbacks.OneCycle(max_lr)
    callbacks = [one_cycle]
    if stages:
        callbacks.append(ktk.callbacks.FineTuning(stages))
    two = model.output_shape[-1] == 1
    loss = "binary" if two else "sparse_categorical"
    optimizer = keras.optimizers.SGD(momentum=0.9, nesterov=True)
    model.compile(optimizer, f"{loss}_crossentropy")
    settings = {"batch_size": batch_size, "callbacks": callbacks}
    model.fit(*data, epochs=epochs, verbose=0, **settings)
    return one_cycle.trace()


def predict(model, x):
    return model.predict(x, batch_size=len(x), verbose=0)


def accuracy(predicted, y):
    return np.mean((predicted[:, 0] > 0.5) == y)


def run(seed, x, y, args):
    """Runs the experiment once; returns accuracies and what to draw."""
    keras.utils.set_random_seed(seed)
    pair = PAIRS[seed % len(PAIRS)].tolist()
    rng = np.random.default_rng(seed)
    data = split(x, y, pair, args.labels, rng, args.shuffle_labels)

    model_a = network(x.shape[1:])
    train(model_a, data["train A"], args.epochs_a, 32, max_lr=0.03)
    x_test, y_test = data["test A"]
    right = predict(model_a, x_test).argmax(axis=1) == y_test
    found = {"pair": pair, "task A": right.mean()}

    stage = args.epochs_b // 4
    arms = {
        "from scratch": (network(x.shape[1:]), None),
        "frozen": (model_a, {0: 1}),
        "fine-tuned": (model_a, {0: 1, stage: "all"}),
    }
    few, epochs = data["train B"], args.epochs_b
    x_test, y_test = data["test B"]
    for arm, (start, stages) in arms.items():
        model = for_task_b(start)
        curves = train(model, few, epochs, 5, MAX_LR[arm], stages)
        found[arm] = accuracy(predict(model, x_test), y_test)
    sampled = ktk.uncertainty.mc_predict(model, x_test, args.samples)
    found["MC dropout"] = accuracy(sampled.mean, y_test)
    steps = len(curves["step"])
    found["curves"] = curves | {"stage": steps * stage // epochs}
    found["images"] = (x_test, y_test, sampled.mean[:, 0], sampled.std[:, 0])
    return found


def report(runs, args):
    backend = keras.backend.backend()
    print(f"{args.dataset}, {len(runs)} seeds, backend {backend}")
    values = [run["task A"] for run in runs]
    print(
        f"task A: accuracy {np.mean(values):.3f} ± {np.std(values):.3f} "
        f"on held-out images of {CLASSES - 2} classes"
    )
    tested = sum(len(run["images"][1]) for run in runs)
    print(
        f"task B: {args.labels} + {args.labels} labelled images, accuracy on "
        f"the others ({tested} in all)"
    )
    pairs = "  ".join(f"{a} | {b}" for a, b in (run["pair"] for run in runs))
    print(f"  {'':12}   mean    std  {'gain':^14}  {pairs}")
    for arm in ARMS:
        values = np.array([run[arm] for run in runs])
        gain = values - [run["from scratch"] for run in runs]
        error = gain.std(ddof=1) / len(runs) ** 0.5 if len(runs) > 1 else 0
        print(
            f"  {arm:12}  {values.mean():.3f}  {values.std():.3f}  "
            f"{gain.mean():+.3f} ± {error:.3f}  "
            + "  ".join(f"{value:.3f}" for value in values)
        )


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    datasets = ("digits", "fashion_mnist")
    add("--dataset", choices=datasets, default="digits")
    add("--seeds", type=int, default=5)
    add("--labels", type=int, default=3, help="labelled images of each class")
    add("--samples", type=int, default=30, help="of Monte Carlo dropout")
    add("--epochs-a", type=int, default=15)
    add("--epochs-b", type=int, default=40)
    add("--shuffle-labels", action="store_true")
    add("--quick", action="store_true", help="few epochs, for tests")
    add("--output", default="transfer_learning.png")
    args = parser.parse_args(argv)
    if args.quick:
        args.epochs_a, args.epochs_b, args.samples = 3, 20, 5
    return args


def main(argv=None):
    args = parse(argv)
    data = load(args.dataset)
    runs = [run(seed, *data, args) for seed in range(args.seeds)]
    report(runs, args)
    draw(runs, ARMS, args.output)
    print(f"drawn: {args.output}")
    return runs


if __name__ == "__main__":
    one_thread_on_torch()
    main()
