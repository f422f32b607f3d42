import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from tests.helpers.models import linear_model
from tests.helpers.models import regression_data
from tests.helpers.torch_schedules import keras_rates
from tests.helpers.torch_schedules import torch_rates

S = keras.optimizers.schedules


def test_a_constant_after_the_warmup_is_torchs_linear_lr():
    expected = torch_rates(
        lambda s, o: s.LinearLR(o, start_factor=0.25, total_iters=6), 12, 0.5
    )
    schedule = ktk.schedules.Warmup(0.5, 6, start_factor=0.25)
    np.testing.assert_allclose(keras_rates(schedule, 12), expected, rtol=1e-6)


@pytest.mark.parametrize("start", [0.0, 0.1, 1.0])
def test_the_warmup_is_numpys_interpolation(start):
    schedule = ktk.schedules.Warmup(2.0, 5, start)
    expected = 2 * np.interp(np.arange(12), [0, 5], [start, 1.0])
    np.testing.assert_allclose(keras_rates(schedule, 12), expected, rtol=1e-6)


def test_a_schedule_after_the_warmup_is_torchs_sequential_lr():
    def sequential(s, o):
        return s.SequentialLR(
            o,
            [
                s.LinearLR(o, start_factor=0.1, total_iters=5),
                s.ExponentialLR(o, gamma=0.8),
            ],
            milestones=[5],
        )

    decay = S.ExponentialDecay(0.5, 1, 0.8)
    schedule = ktk.schedules.Warmup(decay, 5)
    np.testing.assert_allclose(
        keras_rates(schedule, 15), torch_rates(sequential, 15, 0.5), rtol=1e-5
    )


def test_numpy_integers_are_integers_and_survive_serialisation():
    schedule = ktk.schedules.Warmup(0.5, np.int64(4))
    again = S.deserialize(S.serialize(schedule))
    np.testing.assert_array_equal(
        keras_rates(again, 6), keras_rates(schedule, 6)
    )


def test_round_trip_compiled_and_saved(tmp_path):
    decay = S.CosineDecay(0.1, 20)
    model = linear_model()
    model.compile(keras.optimizers.SGD(ktk.schedules.Warmup(decay, 4)), "mse")
    model.fit(*regression_data(64), batch_size=16, epochs=2, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    rate = float(keras.ops.convert_to_numpy(loaded.optimizer.learning_rate))
    assert rate == pytest.approx(keras_rates(decay, 5)[4], rel=1e-5)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("0.1", 5), TypeError),
        ((-0.1, 5), ValueError),
        ((0.1, 0), ValueError),
        ((0.1, 2.5), TypeError),
        ((0.1, 5.0), TypeError),
        ((0.1, True), TypeError),
        ((0.1, np.array([5])), TypeError),
        ((0.1, 5, 1.5), ValueError),
    ],
    ids=str,
)
def test_bad_arguments(arguments, error):
    with pytest.raises(error, match="must be"):
        ktk.schedules.Warmup(*arguments)
