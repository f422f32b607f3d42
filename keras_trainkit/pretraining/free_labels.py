"""Tasks whose labels come for free, for `auxiliary`."""

import random

import keras
import numpy as np

from keras_trainkit.kernels import free_labels
from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_integer


def rotations(turns=(0, 1, 2, 3)):
    """Returns the task to say by how much an image was turned.

    To know that a scene or a digit lies on its side, the model has to know
    what it looks like upright; of images without an upright, such as cells
    or satellite images, the task says nothing.

    Args:
        turns: Numbers of quarter turns, counterclockwise as in `np.rot90`;
            each is a class. Images that are not square get zeros around the
            shorter side where one of them is odd. Defaults to all four.

    Returns:
        A task for `auxiliary`: a callable from images `(n, height, width,
        channels)`, or `(n, channels, height, width)` where that is Keras's
        image data format, to `k * n` images and their labels.

    Raises:
        ValueError: If there are not two different turns at least; if it is
            called on what are no images.
        TypeError: If they are no integers.

    Example:

    >>> task = ktk.pretraining.rotations()
    >>> images, labels = task(np.arange(8.0).reshape(2, 2, 2, 1))
    >>> images.shape, labels.tolist()
    ((8, 2, 2, 1), [0, 1, 2, 3, 0, 1, 2, 3])
    >>> images[1, :, :, 0].tolist()
    [[1.0, 3.0], [0.0, 2.0]]

    Reference:

    - [Gidaris et al., 2018](https://arxiv.org/abs/1803.07728)
    """
    return _Rotations(turns)


def which_half_first(axis=1):
    """Returns the task to say whether the two halves were exchanged.

    For sequences, where the order tells something; along another axis also
    for images. A model whose output is a mean over that axis cannot tell.

    Args:
        axis: Integer of at least 1, along which there are two halves; what
            is in the middle of an odd number stays there. Defaults to 1: the
            time of sequences, the height of images.

    Returns:
        A task for `auxiliary`: a callable from `n` rows to `2 * n` rows and
        their labels, 0 for a row as it was, 1 for its halves exchanged.

    Raises:
        ValueError: If `axis` is below 1; if it is called on rows without
            such an axis, or with less than two elements along it.
        TypeError: If `axis` is no integer.

    Example:

    >>> task = ktk.pretraining.which_half_first()
    >>> rows, labels = task(np.array([[1, 2, 3, 4, 5]]))
    >>> rows.tolist(), labels.tolist()
    ([[1, 2, 3, 4, 5], [4, 5, 3, 1, 2]], [0, 1])

    Reference:

    - [Misra et al., 2016](https://arxiv.org/abs/1603.08561)
    """
    return _Halves(axis)


def pairs(views=None, axis=1, seed=None):
    """Returns the task to say whether two views belong together.

    Each row gives a pair of its own two views, which belong together, and a
    pair of its first view and the second view of another row, which do not.
    The model sees both with the same weights (a siamese network); the head
    gets both outputs, and tells by their difference and product.

    Args:
        views: Callable from an array of rows to two arrays in the shape that
            the model takes, such as the same rows under two distortions.
            Defaults to `None`: the two halves along `axis`, each at its
            place, with zeros for the other.
        axis: Integer of at least 1, for the default views. Defaults to 1.
        seed: Integer, optional random seed for who is paired with whom.
            Defaults to `None`: `keras.utils.set_random_seed` governs that.

    Returns:
        A task for `auxiliary`: a callable from `n` rows to a tuple of two
        arrays of `2 * n` rows and their labels, 1 for what belongs together.

    Raises:
        ValueError: If `axis` is below 1; if it is called on less than two
            rows, or the views are not two arrays with as many rows.
        TypeError: If an argument is of another type.

    Example:

    >>> task = ktk.pretraining.pairs(seed=0)
    >>> (first, second), labels = task(np.array([[1, 2], [3, 4]]))
    >>> first.tolist(), labels.tolist()
    ([[1, 0], [1, 0], [3, 0], [3, 0]], [1, 0, 1, 0])
    >>> second.tolist()
    [[0, 2], [0, 4], [0, 4], [0, 2]]

    Reference:

    - [Bromley et al.,
      1993](https://papers.nips.cc/paper/1993/hash/288cc0ff022877bd3df94bc9360b9c5d-Abstract.html)
    - [Arandjelovic and Zisserman, 2017](https://arxiv.org/abs/1705.08168)
    """
    return _Pairs(views, axis, seed)


class _Rotations:
    def __init__(self, turns):
        if not isinstance(turns, (tuple, list)):
            raise bad_type("turns", turns, "a tuple of integers")
        for turn in turns:
            require_integer("turns", turn)
        if len({turn % 4 for turn in turns}) < max(len(turns), 2):
            raise bad_value("turns", turns, "two or more different turns")
        self.turns = tuple(turns)
        self.classes = len(turns)

    def __call__(self, x):
        x = np.asarray(x)
        if x.ndim != 4:
            raise bad_value(
                "x",
                f"an array of shape {x.shape}",
                "images of four dimensions, where they are to be turned",
            )
        last = keras.config.image_data_format() == "channels_last"
        axes = (1, 2) if last else (2, 3)
        if any(turn % 2 for turn in self.turns):
            x = free_labels.squared(x, axes)
        return free_labels.turned(x, self.turns, axes)


class _Halves:
    classes = 2

    def __init__(self, axis):
        require_integer("axis", axis, least=1)
        self.axis = axis

    def __call__(self, x):
        x = np.asarray(x)
        _require_halves(x, self.axis)
        both = [x, free_labels.halves_swapped(x, self.axis)]
        return free_labels.together(both), free_labels.labels(len(x), 2)


class _Pairs:
    classes = 2

    def __init__(self, views, axis, seed):
        if views is not None and not callable(views):
            raise bad_type("views", views, "a callable, or None")
        require_integer("axis", axis, least=1)
        if seed is not None:
            require_integer("seed", seed, least=0)
        self.views = views
        self.axis = axis
        self.seed = seed

    def __call__(self, x):
        x = np.asarray(x)
        if len(x) < 2:
            raise bad_value(
                "x", f"an array of {len(x)} rows", "two rows at least"
            )
        one, other = self._two_views(x)
        # Python's generator is one of those that set_random_seed seeds.
        seed = random.randrange(2**32) if self.seed is None else self.seed
        strangers = free_labels.partners(len(x), np.random.default_rng(seed))
        first = free_labels.together([one, one])
        second = free_labels.together([other, other[strangers]])
        return (first, second), 1 - free_labels.labels(len(x), 2)

    def _two_views(self, x):
        if self.views is None:
            _require_halves(x, self.axis)
            return [free_labels.half_alone(x, self.axis, i) for i in (0, 1)]
        found = self.views(x)
        two = isinstance(found, (tuple, list)) and len(found) == 2
        found = [np.asarray(one) for one in found] if two else []
        if not two or any(len(one) != len(x) for one in found):
            raise bad_value(
                "views",
                self.views,
                "such that it returns two views of all rows",
            )
        return found


def _require_halves(x, axis):
    if x.ndim <= axis or x.shape[axis] < 2:
        raise bad_value(
            "x",
            f"an array of shape {x.shape}",
            f"of two elements at least along axis {axis}",
        )
