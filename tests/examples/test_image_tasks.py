import keras
import numpy as np
import pytest

from tests.helpers.examples import EXAMPLES
from tests.helpers.examples import load_script

pytestmark = pytest.mark.one_backend
tasks = load_script(EXAMPLES / "image_tasks.py")
OF_B = (1, 2, 5, 7, 8)
OTHERS = (0, 3, 4, 6, 9)
LABELS = (1, 3)


def numbered(n=200):
    """Images that tell their own number, and their classes."""
    x = np.arange(n, dtype="float32").reshape(n, 1, 1, 1)
    return x, np.arange(n) % tasks.CLASSES


def numbers(x):
    return x.ravel().astype(int)


def divided(seed=0, shuffle_labels=False):
    rng = np.random.default_rng(seed)
    return tasks.split(*numbered(), OF_B, LABELS, rng, shuffle_labels)


@pytest.fixture(scope="module")
def parts():
    return divided()


def test_every_image_is_in_one_set():
    data = divided(seed=1)
    sets = [data["train A"], data["test A"], data["train B"][3], data["test B"]]
    found = np.concatenate([numbers(x) for x, _ in sets])
    np.testing.assert_array_equal(np.sort(found), np.arange(200))


@pytest.mark.parametrize("part", ["train A", "test A"])
def test_task_a_has_the_other_classes_from_0_on(parts, part):
    x, y = parts[part]
    np.testing.assert_array_equal(np.array(OTHERS)[y], numbers(x) % 10)


def test_task_b_is_tested_on_its_own_classes_from_0_on(parts):
    x, y = parts["test B"]
    np.testing.assert_array_equal(np.array(OF_B)[y], numbers(x) % 10)


@pytest.mark.parametrize("labels", LABELS)
def test_so_many_are_labelled_of_each_class_of_task_b(parts, labels):
    x, y = parts["train B"][labels]
    assert np.bincount(y).tolist() == [labels] * 5
    np.testing.assert_array_equal(np.array(OF_B)[y], numbers(x) % 10)


def test_the_fewer_are_among_the_more(parts):
    few, more = (numbers(parts["train B"][n][0]) for n in LABELS)
    assert set(few) < set(more)


def test_shuffled_labels_keep_the_images_and_the_counts():
    shuffled = divided(shuffle_labels=True)
    sets = shuffled["train B"][3], shuffled["test B"]
    x, y = (np.concatenate([part[i] for part in sets]) for i in (0, 1))
    assert sorted(set(numbers(x) % 10)) == list(OF_B)
    assert np.bincount(y).tolist() == [20] * 5
    # Independent of the class: 20 of 100 are right by chance.
    right = (np.array(OF_B)[y] == numbers(x) % 10).sum()
    assert 4 <= right <= 36


def test_the_place_in_a_class_counts_what_came_before():
    places = tasks.place_in_class(np.array([2, 0, 2, 2, 0]))
    assert places.tolist() == [0, 0, 1, 2, 1]


@pytest.mark.parametrize("name, size", [("PAIRS", 2), ("HALVES", 5)])
def test_every_choice_of_classes_comes_once(name, size):
    found = getattr(tasks, name)
    choices = {frozenset(choice) for choice in found.tolist()}
    assert len(choices) == len(found) == {2: 45, 5: 252}[size]
    assert {len(choice) for choice in choices} == {size}


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


def test_mnist_1d_is_signals_of_ten_classes():
    signals, labels = tasks.load("mnist1d")
    assert signals.shape == (5000, 40, 1)
    assert np.bincount(labels).tolist() == [500] * 10
