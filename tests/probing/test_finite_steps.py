"""What counts as not finite, and how it is counted."""

import keras
import numpy as np
import pytest

from keras_trainkit.probing.finite_steps import FiniteSteps
from keras_trainkit.probing.finite_steps import is_loss
from tests.helpers.models import linear_model


@pytest.fixture
def steps():
    return FiniteSteps(linear_model())


def judged(steps, loss=1.0, statistic=1.0, x=1.0, gradient=1.0):
    steps.begin()
    tensors = [
        keras.ops.convert_to_tensor(np.full(2, v, "float32"))
        for v in (loss, statistic, x, gradient)
    ]
    steps.applying(None, lambda *args: None, tensors[3:], [None])
    logs = {"loss": tensors[0]}
    return bool(steps.is_good(logs, [tensors[1]], (tensors[2], None)))


CASES = {
    "loss": ({"loss": np.nan}, ["loss"]),
    "gradient": ({"gradient": np.inf}, ["gradient"]),
    "statistics": ({"statistic": -np.inf}, ["statistics"]),
    "data": ({"x": np.nan, "loss": np.nan}, ["loss", "data"]),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_not_finite_is_counted(steps, name):
    values, kinds = CASES[name]
    assert not judged(steps, **values)
    assert judged(steps)
    counted = {kind for kind, count in steps.counts().items() if count == 1}
    assert counted == {"undone", *kinds}
    assert steps.kept() == 1
    steps.reset()
    assert steps.kept() == 0 and not any(steps.counts().values())


def test_bad_data_that_a_step_can_bear_are_no_fault(steps):
    assert judged(steps, x=np.nan)
    assert not any(steps.counts().values())


NAMES = {"loss": True, "d_loss": True, "accuracy": False, "lossless": False}


@pytest.mark.one_backend
@pytest.mark.parametrize("name", NAMES)
def test_losses_are_known_by_their_names(name):
    assert is_loss(name) is NAMES[name]
