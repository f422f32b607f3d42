import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from tests.helpers.torch_schedules import keras_rates
from tests.helpers.torch_schedules import torch_rates

S = keras.optimizers.schedules


def test_whole_epochs_equal_torchs_scheduler_stepped_by_epoch():
    expected = torch_rates(lambda s, o: s.ExponentialLR(o, gamma=0.7), 5)
    schedule = ktk.schedules.ByEpoch(S.ExponentialDecay(1.0, 1, 0.7), 4)
    np.testing.assert_allclose(
        keras_rates(schedule, 20)[::4], expected, rtol=1e-5
    )


def test_between_two_epochs_the_rate_moves_on():
    schedule = ktk.schedules.ByEpoch(S.ExponentialDecay(1.0, 1, 0.5), 4)
    np.testing.assert_allclose(
        keras_rates(schedule, 5), 0.5 ** (np.arange(5) / 4), rtol=1e-5
    )


def test_round_trip():
    schedule = ktk.schedules.ByEpoch(S.CosineDecay(1.0, 5), 2.5, name="mine")
    again = S.deserialize(S.serialize(schedule))
    assert again.name == "mine"
    np.testing.assert_array_equal(
        keras_rates(again, 9), keras_rates(schedule, 9)
    )


@pytest.mark.parametrize(
    ("arguments", "error"),
    [((0.1, 0), ValueError), (("a", 1), TypeError), ((0.1, "a"), TypeError)],
)
def test_bad_arguments(arguments, error):
    with pytest.raises(error, match="must be"):
        ktk.schedules.ByEpoch(*arguments)
