"""Averages in files: what a run that died finds."""

import numpy as np
import pytest

from keras_trainkit.callbacks.bases.average_files import AverageFiles
from keras_trainkit.kernels.equal_average import EqualAverage

pytestmark = pytest.mark.one_backend


def averages(*sets):
    average = EqualAverage()
    for one in sets:
        average.add([np.full(2, one), np.full((1, 3), -one)])
    return average


def test_an_average_comes_back_and_goes_on(tmp_path):
    files = AverageFiles(tmp_path / "new" / "folder")
    files.save(4, averages(1.0, 2.0))
    found = files.load(4)
    found.add([np.full(2, 6.0), np.full((1, 3), -6.0)])
    assert found.count == 3
    np.testing.assert_array_equal(found.arrays[0], [3.0, 3.0])
    np.testing.assert_array_equal(found.arrays[1], [[-3.0] * 3])


def test_two_are_kept_and_others_files_stay(tmp_path):
    (tmp_path / "mine.npz").write_bytes(b"")
    files = AverageFiles(tmp_path)
    for epoch in (8, 9, 10, 11):
        files.save(epoch, averages(1.0))
    assert files.load(10).count == files.load(11).count == 1
    with pytest.raises(ValueError, match=r"\[10, 11\]"):
        files.load(9)
    files.clear()
    assert [one.name for one in tmp_path.iterdir()] == ["mine.npz"]


def test_a_folder_that_is_empty_then_goes(tmp_path):
    files = AverageFiles(tmp_path / "own")
    files.clear()
    files.save(1, averages())
    assert files.load(1).count == 0
    files.clear()
    assert not (tmp_path / "own").exists()
