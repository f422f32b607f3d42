import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from tests.helpers.torch_schedules import keras_rates
from tests.helpers.torch_schedules import torch_rates

S = keras.optimizers.schedules


def test_parts_follow_each_other_as_torchs_sequential_lr():
    def sequential(s, o):
        return s.SequentialLR(
            o,
            [
                s.ConstantLR(o, factor=1.0, total_iters=0),
                s.ExponentialLR(o, gamma=0.5),
                s.CosineAnnealingLR(o, T_max=6),
            ],
            milestones=[3, 7],
        )

    schedule = ktk.schedules.Join(
        [
            (3, 0.5),
            (4, S.ExponentialDecay(0.5, 1, 0.5)),
            (6, S.CosineDecay(0.5, 6)),
        ]
    )
    np.testing.assert_allclose(
        keras_rates(schedule, 13),
        torch_rates(sequential, 13, 0.5),
        rtol=1e-5,
        atol=1e-7,
    )


def test_the_last_part_goes_on():
    schedule = ktk.schedules.Join([(2, 1.0), (None, S.PolynomialDecay(1.0, 4))])
    np.testing.assert_allclose(
        keras_rates(schedule, 8),
        [1.0, 1.0, 1.0, 0.750025, 0.50005, 0.250075, 0.0001, 0.0001],
        rtol=1e-5,
    )


def test_positions_beyond_float32_reach_the_right_part():
    schedule = ktk.schedules.Join([(2**25 + 1, 1.0), (5, 2.0)])
    at = [2**25, 2**25 + 1]
    rates = [float(keras.ops.convert_to_numpy(schedule(s))) for s in at]
    assert rates == [1.0, 2.0]


def test_round_trip():
    schedule = ktk.schedules.Join(
        [(3, 0.5), (None, ktk.schedules.Warmup(0.5, 2))], name="mine"
    )
    again = S.deserialize(S.serialize(schedule))
    assert again.name == "mine"
    np.testing.assert_array_equal(
        keras_rates(again, 6), keras_rates(schedule, 6)
    )


@pytest.mark.parametrize(
    ("parts", "error"),
    [
        ([], ValueError),
        (0.1, TypeError),
        ([0.1], TypeError),
        ([(0, 0.1)], ValueError),
        ([(None, 0.1), (1, 0.1)], TypeError),
        ([(1, "0.1")], TypeError),
        ([(2.0, 0.1)], TypeError),
        ([(True, 0.1)], TypeError),
        ([(1, -0.1)], ValueError),
    ],
    ids=str,
)
def test_bad_parts(parts, error):
    with pytest.raises(error, match="must be"):
        ktk.schedules.Join(parts)


def test_the_bad_part_is_named():
    with pytest.raises(
        TypeError, match=r"`parts\[1\]\[0\]` must be an integer"
    ):
        ktk.schedules.Join([(3, 0.1), (2.5, 0.2), (None, 0.3)])
