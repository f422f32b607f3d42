"""Ten classes of small images or signals, and two tasks cut from them.

Task A is to tell five of the classes apart, with plenty of labels; task B the
other five, with a few. `transfer_learning.py` learns both; there is nothing
to run here.
"""

import itertools

import keras
import numpy as np
import signal_task
from sklearn.datasets import load_digits

CLASSES = signal_task.CLASSES
# All pairs of classes, and all halves, in an order that nobody chose.
PAIRS, HALVES = (
    np.random.default_rng(0).permutation(
        list(itertools.combinations(range(CLASSES), size))
    )
    for size in (2, CLASSES // 2)
)


def digits():
    """Returns scikit-learn's 8x8 images in [0, 1], and their labels."""
    found = load_digits()
    return (found.images[..., None] / 16).astype("float32"), found.target


def fashion_mnist():
    """Returns a tenth of the 28x28 images, which is enough here."""
    (x, y), _ = keras.datasets.fashion_mnist.load_data()
    return (x[:6000, ..., None] / 255).astype("float32"), y[:6000]


LOADERS = {
    "mnist1d": signal_task.load,
    "digits": digits,
    "fashion_mnist": fashion_mnist,
}


def load(dataset):
    """Returns `(n, ..., 1)` images or signals, and their labels from 0 to 9."""
    return LOADERS[dataset]()


def split(x, y, of_b, labels, rng, shuffle_labels=False):
    """Returns `(x, y)` of task A and of task B, each to train and to test.

    Args:
        x: Images or signals.
        y: Their labels.
        of_b: The classes of task B.
        labels: Ascending numbers of labelled ones of each class of task B;
            each set to train on is part of the next one, and what is left
            over from the last one is for the test.
        rng: NumPy's generator.
        shuffle_labels: Whether the labels of task B, of all sets, shall have
            nothing to do with its images.
    """
    order = rng.permutation(len(x))
    x, y = x[order], y[order]
    in_b = np.isin(y, of_b)
    x_a, y_a = x[~in_b], np.unique(y[~in_b], return_inverse=True)[1]
    x_b, y_b = x[in_b], np.unique(y[in_b], return_inverse=True)[1]
    if shuffle_labels:
        y_b = rng.permutation(y_b)
    place = place_in_class(y_b)
    cut = int(0.8 * len(x_a))
    return {
        "train A": (x_a[:cut], y_a[:cut]),
        "test A": (x_a[cut:], y_a[cut:]),
        "train B": {n: (x_b[place < n], y_b[place < n]) for n in labels},
        "test B": (x_b[place >= labels[-1]], y_b[place >= labels[-1]]),
    }


def place_in_class(y):
    """Returns how many of the same class come before each label."""
    place = np.empty(len(y), int)
    for label in np.unique(y):
        (places,) = np.nonzero(y == label)
        place[places] = np.arange(len(places))
    return place
