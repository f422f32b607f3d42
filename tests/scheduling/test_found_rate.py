import keras
import numpy as np
import pytest

from keras_trainkit.scheduling.found_rate import FoundRate
from tests.helpers.arrays import to_numpy


def decay():
    return keras.optimizers.schedules.InverseTimeDecay(0.1, 4, 0.5)


def test_a_plain_rate_is_a_constant():
    curve = FoundRate(keras.optimizers.SGD(0.1), 0.1)
    assert curve.constant
    assert curve.attribute is None
    assert curve(np.arange(3), np, "float64") == 0.1


@pytest.mark.parametrize("steps", [None, 3])
def test_a_schedule_counts_batches_as_keras_does(steps):
    optimizer = keras.optimizers.SGD(decay(), gradient_accumulation_steps=steps)
    weight = keras.Variable([1.0])
    curve, used = FoundRate(optimizer, None), []
    for _ in range(6):
        before = to_numpy(weight.value).item()
        in_step = float(to_numpy(curve(0, keras.ops, "float32")))
        optimizer.apply([keras.ops.ones((1,))], [weight])
        if to_numpy(weight.value).item() != before:
            used.append(before - to_numpy(weight.value).item())
            assert in_step == pytest.approx(used[-1], rel=1e-4)
    assert len(used) == 6 // (steps or 1)
    positions = np.arange(len(used))
    assert not curve.constant
    assert getattr(optimizer, curve.attribute) is not None
    np.testing.assert_allclose(curve(positions, np, "float64"), used, rtol=1e-4)


def test_a_callable_that_is_no_schedule():
    with pytest.raises(ValueError, match="a number or a LearningRateSchedule"):
        FoundRate(keras.optimizers.SGD(lambda: 0.1), None)
