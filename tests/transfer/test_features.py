"""Features are the outputs of the trunk, in memory or in a file."""

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from tests.helpers.frozen_backbone import X
from tests.helpers.frozen_backbone import Y
from tests.helpers.frozen_backbone import reused


class Batches(keras.utils.PyDataset):
    def __init__(self, dies_at=None):
        super().__init__()
        self.dies_at = dies_at

    def __len__(self):
        return 4

    def __getitem__(self, i):
        if i == self.dies_at:
            raise OSError("gone")
        return X[10 * i : 10 * i + 10], Y[10 * i : 10 * i + 10]


def test_features_are_those_of_the_trunk(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    model = reused()
    trunk, _ = ktk.transfer.split(model)
    theirs = np.asarray(keras.ops.convert_to_numpy(trunk(X)))
    ours = ktk.transfer.features(model, X, batch_size=16)
    np.testing.assert_allclose(ours, theirs, atol=1e-6)
    mapped = ktk.transfer.features(model, Batches(), memory_limit=100)
    assert isinstance(mapped, np.memmap)
    np.testing.assert_allclose(mapped, theirs, atol=1e-6)
    with pytest.raises(OSError):
        ktk.transfer.features(model, Batches(dies_at=2), memory_limit=0)
    assert len(list(tmp_path.glob("keras_trainkit_*"))) == 1


ERRORS = {
    "batch_size": ({"batch_size": 0}, ValueError),
    "steps": ({"steps": 1.5}, TypeError),
    "memory_limit": ({"memory_limit": -1}, ValueError),
    "x": ({"x": []}, ValueError),
    "at": ({"at": "nowhere"}, ValueError),
}


@pytest.mark.parametrize("name", ERRORS)
def test_a_bad_argument_is_refused(name):
    arguments, error = ERRORS[name]
    with pytest.raises(error, match=name):
        ktk.transfer.features(reused(), **{"x": X, **arguments})
