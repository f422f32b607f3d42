import numpy as np
import pytest

from keras_trainkit.diagnostics.facts.data import main_rows
from keras_trainkit.diagnostics.facts.data.main_rows import rows_of_main_process

X = np.arange(6000.0).reshape(3000, 2)


def test_one_process_looks_at_what_it_is_given():
    x, y = rows_of_main_process(X, None)
    assert x is X
    assert y is None


@pytest.fixture
def told(monkeypatch):
    """Returns a list of what the main process tells the others."""
    told = []
    monkeypatch.setattr(main_rows, "spans_processes", lambda: True)
    monkeypatch.setattr(
        main_rows, "from_main_process", lambda v: told.append(v) or v
    )
    return told


def test_others_are_told_rows_from_all_over(told):
    x, y = rows_of_main_process({"a": X}, [X[:, :1]])
    assert told == [(x, y)]
    assert x["a"].shape == (1024, 2)
    np.testing.assert_array_equal(x["a"][:, :1], y[0])
    np.testing.assert_array_equal(x["a"][[0, -1]], X[[0, -1]])


def test_of_large_rows_there_are_few(told, monkeypatch):
    monkeypatch.setattr(main_rows, "_ELEMENTS", 20)
    x, y = rows_of_main_process(X, None)
    assert (x.shape, y) == ((10, 2), None)
