"""Updates and batches of a `fit`, as its parameters tell."""

import keras
import pytest

from keras_trainkit.callbacks.bases import fit_length

KNOWN = {"epochs": 3, "steps": 5}
UNKNOWN = {"epochs": 3, "steps": None}


def test_updates_are_batches_over_accumulation():
    plain = keras.optimizers.SGD()
    slow = keras.optimizers.SGD(gradient_accumulation_steps=2)
    found = [
        fit_length.updates_of_fit(KNOWN, optimizer, "Owner", "`end`")
        for optimizer in (plain, slow)
    ]
    assert found == [15, 7]


@pytest.mark.one_backend
def test_unknown_lengths_are_told():
    assert fit_length.length_is_known(KNOWN)
    assert not fit_length.length_is_known(UNKNOWN)
    assert not fit_length.length_is_known({})
    with pytest.raises(ValueError, match="`end` to Owner"):
        fit_length.updates_of_fit(UNKNOWN, None, "Owner", "`end`")


@pytest.mark.one_backend
def test_batches_before_an_epoch():
    assert fit_length.batches_before(KNOWN, 2) == 10
    assert fit_length.batches_before(UNKNOWN, 0) == 0
    with pytest.raises(ValueError, match="initial_epoch"):
        fit_length.batches_before(UNKNOWN, 2)
