"""One learning rate, whoever has it: scaled, restored, described."""

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from keras_trainkit.scheduling.learning_rate import LearningRate
from keras_trainkit.scheduling.learning_rate import check_scalable
from keras_trainkit.scheduling.learning_rate import describe_learning_rate
from keras_trainkit.scheduling.learning_rate import found_rate
from keras_trainkit.scheduling.learning_rate import scale_learning_rate
from keras_trainkit.scheduling.scheduled_fit import join_fit
from tests.helpers.arrays import to_numpy
from tests.helpers.models import linear_model


def decay():
    return keras.optimizers.schedules.InverseTimeDecay(0.1, 4, 0.5)


def half(position, xp, dtype):
    return 0.5


def compiled(rate):
    model = linear_model()
    model.compile(keras.optimizers.SGD(rate), "mse")
    return model


def in_a_fit(owner, rate):
    """Returns a model in a run in which `owner` has the learning rate."""
    model = compiled(rate)
    run = join_fit(model)
    if owner == "a curve":
        claim = run.claim("Curve", "learning_rate", half)
    else:
        curve = found_rate(model.optimizer, rate)
        claim = run.claim_found("Found", curve)
    run.start([claim], None)
    return model, run, claim


def rate_of(model):
    return float(to_numpy(model.optimizer.learning_rate))


@pytest.mark.parametrize("rate", [0.1, decay()], ids=["plain", "schedule"])
def test_nobody_has_it(rate):
    model = compiled(rate)
    found = LearningRate(model, "Tester")
    found.begin(0.25)
    assert rate_of(model) == pytest.approx(0.1)
    found.scale(0.5)
    assert rate_of(model) == pytest.approx(0.05)
    found.scale(0.5)
    assert rate_of(model) == pytest.approx(0.025)


@pytest.mark.parametrize(
    "owner, rate, used, left",
    [
        ("a curve", 0.1, 0.5 * 0.25 * 0.5, 0.05),
        ("as found", 0.1, 0.05, 0.05),
        ("as found", decay(), 0.05, 0.05),
    ],
    ids=["curve", "plain", "schedule"],
)
def test_a_callback_has_it(owner, rate, used, left):
    model, run, claim = in_a_fit(owner, rate)
    found = LearningRate(model, "Tester")
    found.begin(0.25)
    found.scale(0.5)
    assert run.last_value("learning_rate") == pytest.approx(used)
    run.release([claim])
    assert rate_of(model) == pytest.approx(left)


@pytest.mark.parametrize(
    "owner, rate, used, left",
    [
        ("a curve", 0.1, 0.5 * 0.25, 0.025),
        ("as found", 0.1, 0.025, 0.025),
        ("as found", decay(), 0.025, 0.025),
    ],
    ids=["curve", "plain", "schedule"],
)
def test_after_a_backup_was_loaded(owner, rate, used, left):
    model, run, claim = in_a_fit(owner, rate)
    LearningRate(model, "Tester").restore(0.25)
    assert run.last_value("learning_rate") == pytest.approx(used)
    run.release([claim])
    assert rate_of(model) == pytest.approx(left)


@pytest.mark.parametrize(
    "rate, left", [(0.1, 0.1), (decay(), 0.025)], ids=["plain", "schedule"]
)
def test_a_backup_holds_a_plain_rate_as_it_was(rate, left):
    LearningRate(model := compiled(rate), "Tester").restore(0.25)
    assert rate_of(model) == pytest.approx(left)


def test_a_backup_of_a_run_whose_curve_has_been_given_back():
    model, run, claim = in_a_fit("a curve", 0.1)
    found = LearningRate(model, "Tester")
    run.release([claim])
    found.restore(0.25)
    assert rate_of(model) == pytest.approx(0.025)


def test_a_schedule_of_kerass_stays_one():
    optimizer = keras.optimizers.SGD(decay())
    scale_learning_rate(optimizer, 0.5)
    scale_learning_rate(optimizer, 0.5)
    words = describe_learning_rate(optimizer)
    assert words == "0.025 now, by InverseTimeDecay"


def test_a_factor_for_a_while():
    model, run, claim = in_a_fit("a curve", 0.1)
    found = LearningRate(model, "Tester")
    found.set_factor(3.0)
    assert run.last_value("learning_rate") == pytest.approx(1.5)
    found.set_factor(1.0)
    assert run.last_value("learning_rate") == pytest.approx(0.5)
    run.release([claim])
    assert rate_of(model) == pytest.approx(0.1)


@pytest.mark.parametrize(
    "rate, words",
    [
        (0.1, "0.1"),
        (decay(), "0.1 now, by InverseTimeDecay"),
        (ktk.schedules.Scaled(decay(), 0.5), "0.05 now, by 0.5 x Inverse"),
    ],
    ids=["plain", "schedule", "scaled"],
)
def test_in_words(rate, words):
    found = LearningRate(compiled(rate), "Tester")
    assert found.in_words().startswith(words)


def test_a_curve_in_words():
    model, _, _ = in_a_fit("a curve", 0.1)
    found = LearningRate(model, "Tester")
    found.begin(0.25)
    assert found.in_words() == "0.25 x Curve's"


@pytest.mark.parametrize(
    "refuses",
    [
        check_scalable,
        lambda optimizer: scale_learning_rate(optimizer, 0.1),
        lambda optimizer: found_rate(optimizer, None),
    ],
)
def test_a_callable_cannot_be_scaled(refuses):
    with pytest.raises(ValueError, match="number or a LearningRateSchedule"):
        refuses(keras.optimizers.SGD(lambda: 0.1))


def test_a_scaled_rate_is_described_as_it_is():
    optimizer = keras.optimizers.SGD(0.5)
    scale_learning_rate(optimizer, 0.1)
    assert describe_learning_rate(optimizer) == "0.05"


def test_a_plain_rate_found_is_a_constant():
    curve = found_rate(keras.optimizers.SGD(0.1), 0.1)
    assert curve(np.arange(3), np, "float64") == 0.1


@pytest.mark.parametrize("steps", [None, 3])
def test_a_schedule_found_counts_batches_as_keras_does(steps):
    optimizer = keras.optimizers.SGD(decay(), gradient_accumulation_steps=steps)
    weight = keras.Variable([1.0])
    curve, used = found_rate(optimizer, None), []
    for _ in range(6):
        before = to_numpy(weight.value).item()
        in_step = float(to_numpy(curve(0, keras.ops, "float32")))
        optimizer.apply([keras.ops.ones((1,))], [weight])
        if to_numpy(weight.value).item() != before:
            used.append(before - to_numpy(weight.value).item())
            assert in_step == pytest.approx(used[-1], rel=1e-4)
    assert len(used) == 6 // (steps or 1)
    positions = np.arange(len(used))
    np.testing.assert_allclose(curve(positions, np, "float64"), used, rtol=1e-4)
