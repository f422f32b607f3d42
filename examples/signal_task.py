"""MNIST-1D, ten classes of short signals, for the examples.

A signal has 40 points: a template of its class, stretched, moved, sheared and
under correlated noise (Greydanus, 2020, https://arxiv.org/abs/2011.14439). The
small package `mnist1d` makes as many as asked for, without a download. There
is nothing to run here.
"""

import random

import numpy as np
from mnist1d.data import get_dataset_args
from mnist1d.data import make_dataset

CLASSES = 10
SHAPE = (40, 1)


def load(samples=5000, seed=42):
    """Returns `samples` signals, (samples, 40, 1), and their labels.

    The classes are equally frequent and in random order. Another seed makes
    other signals.
    """
    settings = get_dataset_args()
    settings.num_samples, settings.seed = samples, seed
    # It seeds the generators that everybody shares.
    python, numpy = random.getstate(), np.random.get_state()
    try:
        made = make_dataset(settings)
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
    x = np.concatenate([made["x"], made["x_test"]])
    y = np.concatenate([made["y"], made["y_test"]])
    return x[..., None].astype("float32"), y
