import keras
import numpy as np
import pytest

from tests.helpers.examples import EXAMPLES
from tests.helpers.examples import load_script

pytestmark = pytest.mark.one_backend
tasks = load_script(EXAMPLES / "deep_tasks.py")
NUMBERS = np.arange(20.0).reshape(20, 1, 1, 1)


def epoch(batches):
    """Returns all images and labels of an epoch, and ends it."""
    found = [batches[i] for i in range(len(batches))]
    batches.on_epoch_end()
    return [np.concatenate(part) for part in zip(*found, strict=True)]


def batches(change=None, seed=0):
    return tasks.Batches(NUMBERS, np.arange(20), 5, seed, change)


def test_every_image_comes_once_an_epoch_with_its_label():
    x, y = epoch(batches())
    np.testing.assert_array_equal(x.ravel(), y)
    assert sorted(y) == list(range(20))


def test_each_epoch_has_another_order():
    drawn = batches()
    assert epoch(drawn)[1].tolist() != epoch(drawn)[1].tolist()


def test_a_seed_says_which():
    assert (
        epoch(batches(seed=3))[1].tolist() == epoch(batches(seed=3))[1].tolist()
    )


def test_the_images_are_changed_anew_in_each_epoch():
    seen = []

    def change(images, rng):
        seen.append(images)
        return images + len(seen)

    drawn = batches(change)
    for added in (1, 2):
        x, y = epoch(drawn)
        np.testing.assert_array_equal(x.ravel(), y + added)


def test_a_changed_image_is_its_own_but_for_noise():
    image = np.zeros((1, 10, 10))
    image[:, 3:7, 3:7] = 1
    changed = tasks.changed(image, np.random.default_rng(0))
    assert changed.shape == image.shape and changed.dtype == "float32"
    assert changed[:, 4:6, 4:6].mean() > 0.7
    assert abs(changed[:, 0].mean()) < 0.2


def test_no_digit_is_both_learned_and_validated(monkeypatch):
    monkeypatch.setattr(tasks, "changed", lambda images, rng: images)
    (x, _), (x_val, y_val) = tasks.digits.__wrapped__(3)
    assert (x.shape, x_val.shape) == ((1280, 10, 10, 1), (1551, 10, 10, 1))
    together = np.concatenate([x, x_val[:517]])[:, 1:-1, 1:-1, 0] * 16
    np.testing.assert_array_equal(
        np.unique(together.reshape(-1, 64), axis=0),
        np.unique(tasks.load_digits().data, axis=0),
    )
    np.testing.assert_array_equal(y_val[:517], y_val[517:1034])


@pytest.mark.parametrize("name, layers", [("signals", 14), ("digits", 20)])
def test_the_networks_are_as_deep_as_said(name, layers):
    network = tasks.network(*tasks.TASKS[name][1])
    # A convolution of size 1 is on the way around a block.
    weighted = [
        layer
        for layer in network.layers
        if isinstance(layer, keras.layers.Dense)
        or set(getattr(layer, "kernel_size", (1,))) == {3}
    ]
    assert len(weighted) == layers


def test_the_quick_task_is_small():
    (x, _), (x_val, _) = tasks.few_signals(0)
    assert (len(x), len(x_val)) == (1000, 200)
