import random

import numpy as np
import pytest
from mnist1d.data import make_dataset

from tests.helpers.examples import EXAMPLES
from tests.helpers.examples import load_script

pytestmark = pytest.mark.one_backend
task = load_script(EXAMPLES / "signal_task.py")


@pytest.fixture(scope="module")
def loaded():
    return task.load(samples=200)


def test_ten_classes_of_as_many_signals_each(loaded):
    x, y = loaded
    assert (x.shape, x.dtype) == ((200, *task.SHAPE), "float32")
    assert np.bincount(y).tolist() == [20] * task.CLASSES


def test_the_signals_are_those_of_the_package():
    x, y = task.load()
    made = make_dataset()
    np.testing.assert_array_equal(x[:4000, :, 0], made["x"].astype("float32"))
    np.testing.assert_array_equal(y[4000:], made["y_test"])


def test_another_seed_makes_other_signals(loaded):
    assert not np.isclose(task.load(samples=200, seed=1)[0], loaded[0]).all()


def test_the_shared_generators_are_left_alone():
    random.seed(3)
    np.random.seed(3)
    expected = random.random(), np.random.rand()
    random.seed(3)
    np.random.seed(3)
    task.load(samples=20)
    assert (random.random(), np.random.rand()) == expected
