import keras
import numpy as np
import pytest

from keras_trainkit.schedules import parts
from tests.helpers.arrays import to_numpy

DECAY = keras.optimizers.schedules.ExponentialDecay(1.0, 1, 0.5)


@pytest.mark.parametrize(
    "part",
    [0.5, 1, np.float32(0.5), DECAY],
    ids=["float", "int", "numpy", "decay"],
)
def test_a_part_survives_serialisation(part):
    parts.check_part("schedule", part)
    again = parts.deserialize(parts.serialize(part))
    step = keras.ops.convert_to_tensor(2)
    assert float(to_numpy(parts.value_of(again, step))) == float(
        to_numpy(parts.value_of(part, step))
    )


@pytest.mark.parametrize("part", ["0.1", True, None], ids=str)
def test_what_is_no_part(part):
    with pytest.raises(TypeError, match="LearningRateSchedule or a number"):
        parts.check_part("schedule", part)


@pytest.mark.parametrize("part", [-1.0, float("nan")], ids=str)
def test_a_rate_out_of_range(part):
    with pytest.raises(ValueError, match="at least 0"):
        parts.check_part("schedule", part)
