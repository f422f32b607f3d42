import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from tests.helpers.models import linear_model
from tests.helpers.models import regression_data
from tests.helpers.torch_schedules import keras_rates
from tests.helpers.torch_schedules import torch_rates

S = keras.optimizers.schedules


@pytest.mark.parametrize("power", [0.5, 1, 2.0])
def test_it_is_the_formula_as_torchs_lambda(power):
    expected = torch_rates(
        lambda s, o: s.LambdaLR(o, lambda n: 1 / (1 + n / 3) ** power), 9, 0.4
    )
    schedule = ktk.schedules.Power(0.4, 3, power)
    np.testing.assert_allclose(keras_rates(schedule, 9), expected, rtol=1e-6)


def test_with_power_1_it_is_keras_inverse_time_decay():
    np.testing.assert_allclose(
        keras_rates(ktk.schedules.Power(0.4, 7), 9),
        keras_rates(S.InverseTimeDecay(0.4, 7, 1.0), 9),
        rtol=1e-6,
    )


def test_far_out_it_goes_on_falling():
    schedule = ktk.schedules.Power(1.0, 1, 0.5)
    rates = [float(schedule(np.int64(10) ** n)) for n in (6, 8, 9)]
    np.testing.assert_allclose(rates, [1e-3, 1e-4, 10**-4.5], rtol=1e-4)


def test_compiled_and_saved(tmp_path):
    model = linear_model()
    rates = ktk.schedules.Power(np.float32(0.1), np.int64(4), 2)
    model.compile(keras.optimizers.SGD(rates), "mse")
    model.fit(*regression_data(64), batch_size=16, epochs=2, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    rate = float(keras.ops.convert_to_numpy(loaded.optimizer.learning_rate))
    assert rate == pytest.approx(0.1 / 3**2, rel=1e-5)


@pytest.mark.one_backend
@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("0.1", 5), TypeError),
        ((-0.1, 5), ValueError),
        ((0.1, 0), ValueError),
        ((0.1, float("nan")), ValueError),
        ((0.1, 5, 0), ValueError),
        ((0.1, 5, None), TypeError),
    ],
    ids=str,
)
def test_bad_arguments(arguments, error):
    with pytest.raises(error, match="must be"):
        ktk.schedules.Power(*arguments)
