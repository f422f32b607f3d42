"""Batches come back as arrays, and no file is left behind."""

import gc
from pathlib import Path

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest

from keras_trainkit.transfer.frozen_trunk.feature_store import FeatureStore

pytestmark = pytest.mark.one_backend
ROWS = np.arange(24, dtype="float32").reshape(12, 2)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def filled(store):
    store.add([ROWS[:5], ROWS[:5, :1]])
    store.add([ROWS[5:], ROWS[5:, :1]])
    return store.arrays()


@hypothesis.given(
    sizes=st.lists(st.integers(1, 5), min_size=1, max_size=6),
    limit=st.integers(0, 400),
    dtype=st.sampled_from(["float32", "float16", "int64"]),
)
def test_whatever_the_limit_the_rows_are_those_added(sizes, limit, dtype):
    rows = np.arange(3 * sum(sizes)).reshape(-1, 3).astype(dtype)
    with FeatureStore(limit) as store:
        for batch in np.split(rows, np.cumsum(sizes)[:-1]):
            store.add([batch])
        (array,) = store.arrays()
    assert array.dtype == rows.dtype
    np.testing.assert_array_equal(array, rows)
    assert isinstance(array, np.memmap) == (rows.nbytes > limit)


def test_the_folder_is_removed_with_the_last_array(folder):
    with FeatureStore(0) as store:
        one, two = filled(store)
    part = one[3:]
    del one, store
    gc.collect()
    assert len(list(folder.iterdir())) == 1
    np.testing.assert_array_equal(part, ROWS[3:])
    del part, two
    gc.collect()
    assert not list(folder.iterdir())


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_the_folder_is_removed_after_an_exception(folder, error):
    with pytest.raises(error), FeatureStore(0) as store:
        store.add([ROWS])
        assert list(folder.iterdir())
        raise error
    assert not list(folder.iterdir())


def test_a_named_folder_stays(folder):
    with FeatureStore(2**20, folder / "kept") as store:
        filled(store)
    read = np.load(folder / "kept" / "features_0.npy")
    np.testing.assert_array_equal(read, ROWS)
    assert Path(folder / "kept" / "features_1.npy").exists()


def test_what_is_exactly_the_limit_is_an_array():
    with FeatureStore(ROWS.nbytes) as store:
        store.add([ROWS])
        (array,) = store.arrays()
    assert not isinstance(array, np.memmap)


def test_files_are_replaced_when_the_new_ones_are_complete(folder):
    kept = folder / "kept"
    with FeatureStore(0, kept) as store:
        old, _ = filled(store)
    with pytest.raises(OSError), FeatureStore(0, kept) as store:
        store.add([ROWS + 1])
        raise OSError
    np.testing.assert_array_equal(np.load(kept / "features_0.npy"), ROWS)
    (kept / "features_of_mine.npy").touch()
    with FeatureStore(0, kept) as store:
        store.add([ROWS[:1] + 1])
        (new,) = store.arrays()
    np.testing.assert_array_equal(old, ROWS)
    np.testing.assert_array_equal(new, ROWS[:1] + 1)
    names = sorted(one.name for one in kept.iterdir())
    assert names == ["features_0.npy", "features_of_mine.npy"]


def test_batches_of_other_shapes_are_refused(folder):
    with pytest.raises(ValueError, match="alike"), FeatureStore(0) as store:
        store.add([ROWS])
        store.add([ROWS[:, :1]])
    assert not list(folder.iterdir())
