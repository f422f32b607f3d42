"""Several processes run in tests/distributed; here they are imitated."""

import keras
import numpy as np
import pytest

from keras_trainkit.backend.devices import between_processes
from keras_trainkit.backend.devices.between_processes import assign_whole
from keras_trainkit.backend.devices.between_processes import from_all_processes
from keras_trainkit.backend.devices.between_processes import from_main_process
from keras_trainkit.backend.devices.between_processes import own_tensor
from keras_trainkit.backend.devices.between_processes import own_values
from keras_trainkit.backend.devices.between_processes import require_same
from keras_trainkit.backend.devices.between_processes import spans_processes
from tests.helpers.arrays import to_numpy
from tests.helpers.models import linear_model

VALUE = {"rows": np.arange(3.0), "name": "x"}


def test_one_process_has_all_to_itself():
    assert not spans_processes()
    assert from_all_processes(VALUE) == [VALUE]
    assert from_main_process(VALUE) is VALUE
    assert own_values(linear_model()) == []


def test_what_one_process_holds_is_used_as_it_is():
    variable = keras.Variable([1.0, 2.0])
    assert own_tensor(variable) is variable
    tensor = keras.ops.ones(2)
    assert own_tensor(tensor) is tensor


def test_values_are_assigned():
    variable = keras.Variable([1.0, 2.0])
    assign_whole(variable, np.array([3.0, np.nan], "float32"))
    np.testing.assert_array_equal(to_numpy(variable), [3, np.nan])


@pytest.fixture
def two_processes(monkeypatch):
    """Returns a list of what the second process has, `[]` for the same."""
    if keras.backend.backend() != "jax":
        pytest.skip("keras.distribution needs the JAX backend")
    import jax
    from jax.experimental import multihost_utils

    others = []

    def gathered(array):
        other = others.pop(0) if others else array
        return np.stack([array, np.asarray(other, array.dtype)])

    monkeypatch.setattr(jax, "process_count", lambda: 2)
    monkeypatch.setattr(multihost_utils, "process_allgather", gathered)
    monkeypatch.setattr(keras.distribution, "distribution", lambda: "one")
    return others


def test_several_processes_tell_what_they_have(two_processes):
    found = from_all_processes(["text", 7])
    assert found == [["text", 7]] * 2


@pytest.mark.parametrize("value", [1, None, ["text", VALUE]], ids=repr)
def test_what_is_the_same_passes(two_processes, value):
    assert require_same("x", value) is None


def test_what_differs_is_an_error_on_every_process(two_processes, monkeypatch):
    digests = ["one", "other"]
    monkeypatch.setattr(
        between_processes, "from_all_processes", lambda value: digests
    )
    with pytest.raises(ValueError, match=r"others on the processes \[1\]"):
        require_same("x", VALUE, "Do this.")
