import keras
import numpy as np
import pytest

from tests.helpers.examples import EXAMPLES
from tests.helpers.examples import load_script

pytestmark = pytest.mark.one_backend
tasks = load_script(EXAMPLES / "image_tasks.py")
PAIR = (2, 7)


def numbered(n=200):
    """Images that tell their own number, and their classes."""
    x = np.arange(n, dtype="float32").reshape(n, 1, 1, 1)
    return x, np.arange(n) % tasks.CLASSES


def numbers(data):
    return data[0].ravel().astype(int)


@pytest.fixture
def parts():
    return tasks.split(*numbered(), PAIR, 3, np.random.default_rng(0))


def test_every_image_is_in_one_set():
    data = tasks.split(*numbered(), PAIR, 3, np.random.default_rng(1))
    found = np.concatenate([numbers(part) for part in data.values()])
    np.testing.assert_array_equal(np.sort(found), np.arange(200))


@pytest.mark.parametrize("part", ["train B", "test B"])
def test_task_b_has_the_pair_and_says_which(parts, part):
    classes = np.array(PAIR)[parts[part][1].astype(int)]
    np.testing.assert_array_equal(classes, numbers(parts[part]) % 10)


@pytest.mark.parametrize("part", ["train A", "test A"])
def test_task_a_has_the_other_classes_from_0_on(parts, part):
    others = np.delete(np.arange(10), PAIR)
    np.testing.assert_array_equal(
        others[parts[part][1]], numbers(parts[part]) % 10
    )


def test_the_handful_is_of_both_classes(parts):
    assert sorted(parts["train B"][1].tolist()) == [0, 0, 0, 1, 1, 1]


def test_shuffled_labels_keep_the_images_and_the_counts(parts):
    shuffled = tasks.split(*numbered(), PAIR, 3, np.random.default_rng(0), True)
    x, y = (
        np.concatenate([shuffled[part][i] for part in ("train B", "test B")])
        for i in (0, 1)
    )
    assert sorted(set(x.ravel() % 10)) == [2, 7] and y.sum() == 20
    # Independent of the class: far from all right and from all wrong.
    assert 8 <= (y == (x.ravel() % 10 == 7)).sum() <= 32


def test_forty_five_seeds_have_a_pair_each():
    pairs = {tuple(sorted(pair)) for pair in tasks.PAIRS.tolist()}
    assert len(pairs) == len(tasks.PAIRS) == 45
    assert all(a != b for a, b in pairs)


def test_fashion_mnist_comes_as_the_digits_do(monkeypatch):
    x = np.full((7000, 28, 28), 255, "uint8")
    y = (np.arange(7000) % 10).astype("uint8")
    monkeypatch.setattr(
        keras.datasets.fashion_mnist, "load_data", lambda: ((x, y), (x, y))
    )
    images, labels = tasks.load("fashion_mnist")
    assert (images.shape, images.dtype) == ((6000, 28, 28, 1), "float32")
    assert images.max() == 1 and len(labels) == 6000


def test_the_digits_are_images_between_0_and_1():
    images, labels = tasks.load("digits")
    assert images.shape == (1797, 8, 8, 1) and len(labels) == 1797
    assert (images.min(), images.max()) == (0, 1)
