"""When does transfer learning pay? Five ways, over labels and seeds.

Model A learns five of ten classes, with plenty of labels. Task B is the other
five, with 1, 3, 10, 30 or 100 labels a class, learnt

    from scratch   by a new network of the same architecture
    frozen         by a new head on model A's layers, kept as they are
    fine-tuned     by the head first, then by all layers: FineTuning
    two compiles   likewise, by hand: freeze, compile, fit, unfreeze, compile
                   with a lower learning rate, fit
    gradual        by the head first, then one layer more at each epoch

always with OneCycle and for as many updates, each at the learning rate that
was best for it on other seeds (`transfer_settings.py`). Run as

    python examples/transfer_learning.py
    KERAS_BACKEND=torch python examples/transfer_learning.py --labels 3 30
    python examples/transfer_learning.py --dataset digits
    python examples/transfer_learning.py --dataset fashion_mnist

(needs mnist1d, scikit-learn and matplotlib; fashion_mnist is downloaded). It
prints the accuracy on what nobody labelled of task B, mean and standard error
of ten seeds, each with other classes, and the gain over the network from
scratch on the same seeds; it draws `transfer_learning.png`. `--search`
chooses rates and factors anew. With `--shuffle-labels` the labels of task B
mean nothing, and the accuracy must be that of chance, 0.2.
"""

from functools import partial

import keras
import numpy as np
from image_tasks import CLASSES
from image_tasks import HALVES
from image_tasks import LOADERS
from image_tasks import load
from image_tasks import split
from label_arguments import label_parser
from label_arguments import parsed
from one_thread import one_thread_on_torch
from transfer_figure import draw
from transfer_report import gains
from transfer_report import report
from transfer_settings import SEARCHED_SEEDS
from transfer_settings import search
from transfer_settings import setting

import keras_trainkit as ktk

EPOCHS = 10
HEAD_EPOCHS = 1
BATCH_SIZE = 75
RATE_A = 0.01


def network(shape):
    dimensions = len(shape) - 1
    conv = getattr(keras.layers, f"Conv{dimensions}D")
    pooling = getattr(keras.layers, f"GlobalAveragePooling{dimensions}D")
    kind = {"strides": 2, "padding": "same", "activation": "relu"}
    kind["kernel_initializer"] = "he_normal"
    return keras.Sequential(
        [
            keras.Input(shape),
            conv(32, 5, name="conv1", **kind),
            conv(32, 3, name="conv2", **kind),
            conv(32, 3, name="conv3", **kind),
            pooling(),
            new_head(),
        ]
    )


def new_head():
    return keras.layers.Dense(CLASSES // 2, "softmax", name="head")


def compiled(shape, frozen=()):
    model = network(shape)
    if frozen:
        ktk.transfer.freeze(model, frozen)
    model.compile(keras.optimizers.Adam(), "sparse_categorical_crossentropy")
    return model


def fit(model, start, data, rate, epochs=EPOCHS, callbacks=()):
    """Trains a compiled model from the weights `start`, with a new optimizer.

    A model and a `compile` for every seed would come to the same, and would
    trace the same steps again and again.
    """
    model.set_weights(start)
    for variable in model.optimizer.variables:
        variable.assign(np.zeros(variable.shape))
    model.optimizer.learning_rate = rate
    callbacks = [ktk.callbacks.OneCycle(rate), *callbacks]
    settings = {"batch_size": BATCH_SIZE, "verbose": 0}
    model.fit(*data, epochs=epochs, callbacks=callbacks, **settings)
    return model


def from_scratch(models, start, data, rate, factor):
    return fit(models["all layers"], start["new"], data, rate)


def frozen(models, start, data, rate, factor):
    return fit(models["head alone"], start["reused"], data, rate)


def two_compiles(models, start, data, rate, factor):
    head = fit(models["head alone"], start["reused"], data, rate, HEAD_EPOCHS)
    start, left = head.get_weights(), EPOCHS - HEAD_EPOCHS
    return fit(models["all layers"], start, data, rate * factor, left)


def in_stages(stages, models, start, data, rate, factor):
    callbacks = [ktk.callbacks.FineTuning(stages, factor)]
    model = models["in stages"]
    return fit(model, start["reused"], data, rate, callbacks=callbacks)


ARMS = {
    "from scratch": from_scratch,
    "frozen": frozen,
    "fine-tuned": partial(in_stages, {0: "head", HEAD_EPOCHS: "all"}),
    "two compiles": two_compiles,
    "gradual": partial(
        in_stages, {0: "head", 1: "conv3", 2: "conv2", 3: "conv1"}
    ),
}


class Experiment:
    """Task A learnt on every seed; then task B, as often as asked for."""

    def __init__(self, data, seeds, args):
        x, y = data
        shape = x.shape[1:]
        self.args = args
        self.models = {
            "all layers": compiled(shape),
            "head alone": compiled(shape, frozen="conv*"),
            "in stages": compiled(shape),
        }
        self.starts = {seed: self.learn_task_a(seed, x, y) for seed in seeds}

    def learn_task_a(self, seed, x, y):
        keras.utils.set_random_seed(seed)
        rng = np.random.default_rng(seed)
        of_b, args = HALVES[seed % len(HALVES)], self.args
        data = split(x, y, of_b, args.labels, rng, args.shuffle_labels)
        new = network(x.shape[1:]).get_weights()
        model_a = self.models["all layers"]
        fit(model_a, new, data["train A"], RATE_A, args.epochs_a)
        model_b = ktk.transfer.replace_head(model_a, new_head())
        return {
            "data": data,
            "new": new,
            "reused": model_b.get_weights(),
            "task A": accuracy(model_a, *data["test A"]),
        }

    def learn_task_b(self, arm, labels, rate, factor):
        """Returns the accuracy of every seed."""
        found = []
        for seed, start in self.starts.items():
            keras.utils.set_random_seed(seed)
            few = start["data"]["train B"][labels]
            few = repeated(*few, self.args.epoch_size)
            model = ARMS[arm](self.models, start, few, rate, factor)
            found.append(accuracy(model, *start["data"]["test B"]))
        return np.array(found)


def repeated(x, y, length):
    """Returns the labelled ones over and over: few train as long as many."""
    return np.resize(x, (length, *x.shape[1:])), np.resize(y, length)


def accuracy(model, x, y):
    predicted = model.predict(x, batch_size=len(x), verbose=0)
    return np.mean(predicted.argmax(axis=1) == y)


def parse(argv):
    description, output = __doc__.splitlines()[0], "transfer_learning.png"
    parser = label_parser(description, [1, 3, 10, 30, 100], output)
    add = parser.add_argument
    add("--dataset", choices=LOADERS, default="mnist1d")
    add("--epochs-a", type=int, default=30)
    add("--epoch-size", type=int, default=1500, help="of task B")
    args = parsed(parser, argv)
    if args.quick:
        args.epochs_a, args.epoch_size = 3, 300
    return args


def main(argv=None):
    args = parse(argv)
    seeds = SEARCHED_SEEDS if args.search else range(args.seeds)
    experiment = Experiment(load(args.dataset), seeds, args)
    learn = experiment.learn_task_b
    if args.search:
        return search(learn, args.labels)
    found = {
        arm: {n: learn(arm, n, *setting(arm, n)) for n in args.labels}
        for arm in ARMS
    }
    task_a = [start["task A"] for start in experiment.starts.values()]
    report(task_a, found, args)
    draw(found, gains(found), args.dataset, args.output)
    print(f"drawn: {args.output}")
    return experiment, found


if __name__ == "__main__":
    one_thread_on_torch()
    main()
