"""Two tasks cut from ten classes of small images, for the examples.

Task A is to tell eight of the classes apart, task B to separate the other two
from a handful of labelled images. `transfer_learning.py` learns both; there
is nothing to run here.
"""

import itertools

import keras
import numpy as np
from sklearn.datasets import load_digits

CLASSES = 10
# Every pair of classes, in an order that nobody chose.
PAIRS = np.random.default_rng(0).permutation(
    list(itertools.combinations(range(CLASSES), 2))
)


def load(dataset):
    """Returns images in [0, 1], (n, height, width, 1), and their labels."""
    if dataset == "digits":
        digits = load_digits()
        return (digits.images[..., None] / 16).astype("float32"), digits.target
    (x, y), _ = keras.datasets.fashion_mnist.load_data()
    # A tenth of it is enough here, and takes little longer than the digits.
    return (x[:6000, ..., None] / 255).astype("float32"), y[:6000]


def split(x, y, pair, labels, rng, shuffle_labels=False):
    """Returns `(x, y)` of task A and of task B, each to train and to test.

    Task B trains on `labels` images of each class. With `shuffle_labels` its
    labels, of both sets, have nothing to do with the images any more.
    """
    order = rng.permutation(len(x))
    x, y = x[order], y[order]
    of_b = np.isin(y, pair)
    x_a, y_a = x[~of_b], np.unique(y[~of_b], return_inverse=True)[1]
    x_b, y_b = x[of_b], (y[of_b] == pair[1]).astype("float32")
    if shuffle_labels:
        y_b = rng.permutation(y_b)
    few = np.zeros(len(y_b), bool)
    for label in (0, 1):
        few[np.flatnonzero(y_b == label)[:labels]] = True
    cut = int(0.8 * len(x_a))
    return {
        "train A": (x_a[:cut], y_a[:cut]),
        "test A": (x_a[cut:], y_a[cut:]),
        "train B": (x_b[few], y_b[few]),
        "test B": (x_b[~few], y_b[~few]),
    }
