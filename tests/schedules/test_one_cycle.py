import keras
import numpy as np
import pytest
from hypothesis import assume
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

import keras_trainkit as ktk
from tests.helpers.arrays import to_numpy
from tests.helpers.models import linear_model
from tests.helpers.models import regression_data
from tests.helpers.torch_one_cycle import sound
from tests.helpers.torch_one_cycle import torch_curves


@given(
    total_steps=st.integers(8, 60),
    pct_start=st.floats(0.1, 0.5),
    anneal_strategy=st.sampled_from(["linear", "cos"]),
    three_phase=st.booleans(),
    max_lr=st.floats(1e-3, 1.0),
)
@settings(max_examples=30)
def test_every_step_equals_torch(**arguments):
    assume(sound(arguments))
    schedule = ktk.schedules.OneCycle(**arguments)
    steps = keras.ops.arange(arguments["total_steps"], dtype="int32")
    expected, _ = torch_curves(
        **arguments,
        base_momentum=0.85,
        max_momentum=0.95,
        div_factor=10.0,
        final_div_factor=1000.0,
    )
    np.testing.assert_allclose(
        to_numpy(schedule(steps)), expected, atol=1e-6 * arguments["max_lr"]
    )


def test_a_python_step_will_do():
    assert float(to_numpy(ktk.schedules.OneCycle(1.0, 100)(44))) == 1.0


def test_round_trip():
    schedule = ktk.schedules.OneCycle(
        0.5, 50, 0.25, "cos", 25.0, 1e4, three_phase=False, name="mine"
    )
    again = keras.optimizers.schedules.deserialize(
        keras.optimizers.schedules.serialize(schedule)
    )
    assert isinstance(again, ktk.schedules.OneCycle)
    assert again.get_config() == schedule.get_config()


def test_fastais_form_ends_a_hundred_thousandth_below_the_peak():
    """`fit_one_cycle`: from lr_max / 25 to lr_max, and to lr_max / 1e5."""
    schedule = ktk.schedules.OneCycle(
        0.1, 100, 0.25, "cos", 25.0, 4000.0, three_phase=False
    )
    assert float(to_numpy(schedule(0))) == pytest.approx(0.1 / 25)
    assert float(to_numpy(schedule(24))) == pytest.approx(0.1)
    assert float(to_numpy(schedule(99))) == pytest.approx(0.1 / 1e5)


def test_compiled_and_saved(tmp_path):
    x, y = regression_data(64)
    model = linear_model()
    schedule = ktk.schedules.OneCycle(0.1, total_steps=8)
    model.compile(keras.optimizers.SGD(schedule), "mse")
    model.fit(x, y, batch_size=16, epochs=1, verbose=0)
    rate = to_numpy(keras.ops.convert_to_tensor(model.optimizer.learning_rate))
    assert float(rate) == pytest.approx(float(to_numpy(schedule(4))))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    loaded.fit(x, y, batch_size=16, verbose=0)
    assert int(loaded.optimizer.iterations) == 8


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"max_lr": -1.0, "total_steps": 10}, ValueError),
        ({"max_lr": 1.0, "total_steps": 3}, ValueError),
        ({"max_lr": 1.0, "total_steps": None}, TypeError),
        ({"max_lr": 1.0, "total_steps": 10, "pct_start": 0.7}, ValueError),
        ({"max_lr": 1.0, "total_steps": 10.0}, TypeError),
        ({"max_lr": 1.0, "total_steps": 10, "three_phase": "no"}, TypeError),
        ({"max_lr": np.ones(1), "total_steps": 10}, TypeError),
    ],
    ids=[
        "rate",
        "too short",
        "no length",
        "no fall",
        "a float",
        "no boolean",
        "an array",
    ],
)
def test_bad_arguments(arguments, error):
    with pytest.raises(error, match="must be"):
        ktk.schedules.OneCycle(**arguments)
