"""When does pretraining without labels pay? Four ways, over labels and seeds.

Of 1437 images of digits a few are labelled, 1 to 20 of each class. The same
network learns them

    supervised     from those few alone
    autoencoder    after it has learnt to reconstruct all images
    masked         after it has learnt to fill in half of their 2x2 patches
    rotations      after it has learnt by how many quarter turns they are
                   turned

and then either trains all layers, or the head alone on the layers as they are
(without pretraining, layers of random weights). All have as many updates on
the few labels, at the learning rate that was best for each on other seeds
(`few_labels_settings.py`). Run as

    python examples/few_labels.py
    KERAS_BACKEND=jax python examples/few_labels.py --labels 1 5
    python examples/few_labels.py --search

(needs scikit-learn and matplotlib; ten minutes). It prints the accuracy on 360
other images, mean and standard error of ten seeds, and the gain over no
pretraining on the same seeds; it draws `few_labels.png`. With
`--shuffle-labels` the labels mean nothing, and the accuracy must be that of
chance, 0.1.
"""

import keras
import numpy as np
from few_labels_figure import draw
from few_labels_report import report
from few_labels_settings import PARTS
from few_labels_settings import SEARCHED_SEEDS
from few_labels_settings import rate_of
from few_labels_settings import search
from image_tasks import CLASSES
from image_tasks import digits
from image_tasks import place_in_class
from label_arguments import label_parser
from label_arguments import parsed
from one_thread import one_thread_on_torch

import keras_trainkit as ktk

TESTED = 360
EPOCHS = 10
BATCH_SIZE = 50
SHAPE = (8, 8, 1)


def encoder():
    conv = keras.layers.Conv2D
    kind = {"padding": "same", "activation": "relu"}
    kind["kernel_initializer"] = "he_normal"
    return keras.Sequential(
        [
            keras.Input(SHAPE),
            conv(16, 3, **kind),
            conv(32, 3, strides=2, **kind),
            conv(32, 3, strides=2, **kind),
            keras.layers.Flatten(),
        ],
        name="encoder",
    )


def autoencoder(new, x, fit):
    return ktk.pretraining.autoencode(new, x, **fit)


def masked(new, x, fit):
    task = ktk.pretraining.mask(0.5, patch=2, value=-1.0)
    return ktk.pretraining.autoencode(new, x, corrupt=task, **fit)


def rotations(new, x, fit):
    # Of each image there are four: as many updates as the others.
    fit = {**fit, "batch_size": 4 * fit["batch_size"]}
    return ktk.pretraining.auxiliary(new, x, ktk.pretraining.rotations(), **fit)


ARMS = {
    "supervised": None,
    "autoencoder": autoencoder,
    "masked": masked,
    "rotations": rotations,
}


class Experiment:
    """The encoders of every seed; then the labels, as often as asked for."""

    def __init__(self, seeds, args):
        self.args = args
        self.models = {"all": classifier(), "head": head_alone()}
        self.starts = {seed: self.pretrain(seed) for seed in seeds}

    def pretrain(self, seed):
        """Returns the data of a seed, and what each arm starts from."""
        data = divided(seed, self.args)
        keras.utils.set_random_seed(seed)
        new = classifier().get_weights()
        epochs = self.args.pretraining_epochs
        arguments = {"epochs": epochs, "batch_size": 64, "verbose": 0}
        weights, features = {}, {}
        for arm, learn in ARMS.items():
            keras.utils.set_random_seed(seed)
            model = encoder()
            model.set_weights(new[:-2])
            if learn is not None:
                learn(model, data["x"], arguments)
            weights[arm] = [*model.get_weights(), *new[-2:]]
            features[arm] = {
                name: model.predict(data[name], verbose=0)
                for name in ("x", "x to test")
            }
        return {"data": data, "weights": weights, "features": features}

    def learn_labels(self, arm, labels, part, rate):
        """Returns the accuracy of every seed.

        Args:
            arm: A name of `ARMS`.
            labels: How many of each class have one.
            part: `"all"` layers are trained, or the `"head"` alone, on the
                outputs of the others.
            rate: The peak of the learning rate.
        """
        found, model, size = [], self.models[part], self.args.epoch_size
        for seed, start in self.starts.items():
            keras.utils.set_random_seed(seed)
            data, weights = start["data"], start["weights"][arm]
            few = data["place"] < labels
            inputs = data
            if part == "head":
                inputs, weights = start["features"][arm], weights[-2:]
            x, y = inputs["x"][few], data["y"][few]
            fit(model, weights, x, y, rate, size)
            found.append(
                accuracy(model, inputs["x to test"], data["y to test"])
            )
        return np.array(found)


def new_head():
    return keras.layers.Dense(CLASSES, "softmax", name="head")


def classifier():
    model = ktk.transfer.replace_head(encoder(), new_head(), drop=0)
    return compiled(model)


def head_alone():
    shape = encoder().output_shape[1:]
    return compiled(keras.Sequential([keras.Input(shape), new_head()]))


def compiled(model):
    model.compile(keras.optimizers.Adam(), "sparse_categorical_crossentropy")
    return model


def divided(seed, args):
    """Returns images with labels of which few are used, and those to test."""
    rng = np.random.default_rng(seed)
    x, y = digits()
    order = rng.permutation(len(x))
    x, y = x[order], y[order]
    if args.shuffle_labels:
        y = rng.permutation(y)
    learnt = slice(TESTED, TESTED + args.images)
    return {
        "x": x[learnt],
        "y": y[learnt],
        "place": place_in_class(y[learnt]),
        "x to test": x[:TESTED],
        "y to test": y[:TESTED],
    }


def fit(model, start, x, y, rate, size):
    """Trains a compiled model from the weights `start`, with a new optimizer.

    The labelled images are repeated: few are trained on for as long as many.
    """
    model.set_weights(start)
    for variable in model.optimizer.variables:
        variable.assign(np.zeros(variable.shape))
    model.optimizer.learning_rate = rate
    model.fit(
        np.resize(x, (size, *x.shape[1:])),
        np.resize(y, size),
        epochs=EPOCHS,
        batch_size=BATCH_SIZE,
        verbose=0,
        callbacks=[ktk.callbacks.OneCycle(rate)],
    )


def accuracy(model, x, y):
    predicted = model.predict(x, batch_size=len(x), verbose=0)
    return np.mean(predicted.argmax(axis=1) == y)


def parse(argv):
    description = __doc__.splitlines()[0]
    parser = label_parser(description, [1, 2, 5, 10, 20], "few_labels.png")
    add = parser.add_argument
    add("--images", type=int, default=1437, help="to learn from")
    add("--pretraining-epochs", type=int, default=15)
    add("--epoch-size", type=int, default=600, help="with labels")
    args = parsed(parser, argv)
    if args.quick:
        args.pretraining_epochs, args.epoch_size = 1, 100
        args.images = 500
    return args


def main(argv=None):
    args = parse(argv)
    seeds = SEARCHED_SEEDS if args.search else range(args.seeds)
    experiment = Experiment(seeds, args)
    learn = experiment.learn_labels
    if args.search:
        return search(learn, ARMS, args.labels)
    found = {
        part: {
            arm: {
                n: learn(arm, n, part, rate_of(part, arm, n))
                for n in args.labels
            }
            for arm in ARMS
        }
        for part in PARTS
    }
    report(found, args)
    draw(found, args.output)
    print(f"drawn: {args.output}")
    return experiment, found


if __name__ == "__main__":
    one_thread_on_torch()
    main()
