"""NonFiniteGuard: what is not finite leaves no trace but a lower rate."""

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from tests.helpers import replay
from tests.helpers.models import linear_model
from tests.helpers.models import mlp
from tests.helpers.models import regression_data

TORCH = keras.backend.backend() == "torch"
BATCH, RATE = 16, 0.05
X, Y = regression_data(64)
QUICK = {"jit_compile": keras.backend.backend() == "jax"}


def guard(**options):
    return ktk.callbacks.NonFiniteGuard(verbose=0, **options)


def spoiled(*batches, value=np.nan):
    """Returns the inputs with a bad number in some batches."""
    x = X.copy()
    for batch in batches:
        x[batch * BATCH + 3, 0] = value
    return x


def fit(model, *callbacks, x=X, y=Y, epochs=1):
    return model.fit(
        x,
        y,
        batch_size=BATCH,
        epochs=epochs,
        shuffle=False,
        verbose=0,
        callbacks=list(callbacks),
    ).history


def normalised_net():
    keras.utils.set_random_seed(1)
    return keras.Sequential(
        [
            keras.Input((8,)),
            # A bias here has a gradient of rounding alone.
            keras.layers.Dense(4, use_bias=False, name="hidden"),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.5, seed=3),
            keras.layers.Dense(1, name="head"),
        ]
    )


def test_the_state_is_as_if_the_batch_had_not_been():
    model, plain = normalised_net(), normalised_net()
    options = QUICK if TORCH else QUICK | {"steps_per_execution": 4}
    for one in (model, plain):
        optimizer = keras.optimizers.Adam(RATE, use_ema=True)
        one.compile(optimizer, "mse", metrics=["mae"], **options)
    watching = guard(factor=1.0)
    history = fit(
        model, watching, ktk.callbacks.GradientMonitor(), x=spoiled(1)
    )
    kept = np.r_[0:BATCH, 2 * BATCH : 64]
    wanted = fit(plain, x=X[kept], y=Y[kept])
    assert watching.faults[0]["undone"] == 1
    for name, values in wanted.items():
        np.testing.assert_allclose(history[name], values, rtol=1e-5)
    for owner in ("variables", "optimizer.variables"):
        pair = [model, plain]
        if owner != "variables":
            pair = [one.optimizer for one in pair]
        for a, b in zip(*(one.variables for one in pair), strict=True):
            np.testing.assert_allclose(
                keras.ops.convert_to_numpy(a.value),
                keras.ops.convert_to_numpy(b.value),
                rtol=1e-5,
                atol=1e-6,
            )


def test_the_next_batch_draws_as_if_the_batch_had_not_been():
    def trained(x, y):
        keras.utils.set_random_seed(1)
        # A dropout of the inputs might drop the bad number.
        layers = [keras.Input((8,)), keras.layers.Dense(4)]
        layers += [keras.layers.Dropout(0.5), keras.layers.Dense(1)]
        model = keras.Sequential(layers)
        model.compile(keras.optimizers.SGD(RATE), "mse", **QUICK)
        watching = guard(factor=1.0)
        fit(model, watching, x=x, y=y)
        return len(watching.faults), model.get_weights()

    kept = np.r_[0:BATCH, 2 * BATCH : 64]
    faults, weights = trained(spoiled(1), Y)
    none, wanted = trained(X[kept], Y[kept])
    assert (faults, none) == (1, 0)
    for one, other in zip(weights, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)


def decay():
    return keras.optimizers.schedules.ExponentialDecay(RATE, 2, 0.5)


def test_the_rate_of_a_compiled_schedule_is_lowered():
    model = linear_model()
    hand = replay.LinearReplay(model.get_weights(), replay.sgd)
    model.compile(keras.optimizers.SGD(decay()), "mse", **QUICK)
    fit(model, guard(factor=0.25), x=spoiled(1))
    good = [batch for i, batch in enumerate(_batches()) if i != 1]
    rates = RATE * 0.5 ** (np.arange(3) / 2) * (1, 0.25, 0.25)
    for batch, rate in zip(good, rates, strict=True):
        hand.step(*batch, learning_rate=rate)
    for one, other in zip(model.get_weights(), hand.weights, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)


def _batches():
    return replay.batches(X, Y, BATCH)


def test_the_curve_of_a_callback_is_lowered():
    model = linear_model()
    model.compile(keras.optimizers.SGD(RATE), "mse", **QUICK)
    curve = keras.optimizers.schedules.PolynomialDecay(RATE, 100)
    rates = ktk.callbacks.HyperparameterSchedule(learning_rate=curve)
    fit(model, rates, guard(factor=0.5), x=spoiled(1), epochs=2)
    wanted = [float(curve(step)) for step in range(6)]
    np.testing.assert_allclose(
        rates.trace()["learning_rate"],
        wanted * np.array([1, 0.5, 0.5, 0.5, 0.25, 0.25]),
        rtol=1e-6,
    )
    assert float(model.optimizer.learning_rate) == pytest.approx(RATE / 4)


def test_two_bad_batches_in_a_row_bring_the_epoch_back():
    model = linear_model()
    hand = replay.LinearReplay(model.get_weights(), replay.sgd)
    model.compile(keras.optimizers.SGD(RATE), "mse", **QUICK)
    watching = guard(factor=0.5)
    fit(model, watching, x=spoiled(1, 2))
    assert [fault["restored"] for fault in watching.faults] == [False, True]
    hand.step(*list(_batches())[3], learning_rate=RATE / 4)
    for one, other in zip(model.get_weights(), hand.weights, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)


def test_it_stops_after_so_many_faults_and_reports(capsys):
    model = mlp()
    model.compile(keras.optimizers.SGD(RATE), "mse", **QUICK)
    watching = ktk.callbacks.NonFiniteGuard(max_faults=1)
    fit(model, watching, x=spoiled(1, 3), epochs=3)
    report = watching.report()
    assert watching.stopped and len(watching.faults) == 2
    assert len(model.history.epoch) == 1
    assert report.most_likely.severity == "error"
    assert report.most_likely.topic == "data"
    assert "0/1, 0/3" in report.most_likely.message
    assert "learning rate from 0.05 to 0.025" in capsys.readouterr().out
    assert all(np.isfinite(w).all() for w in model.get_weights())


def no_slope(y_true, y_pred):
    """Finite, but its gradient is 0 times infinity."""
    return keras.ops.mean(keras.ops.sqrt(keras.ops.square(y_pred * 0)))


def test_a_gradient_alone_is_a_fault():
    model = linear_model()
    before = model.get_weights()
    model.compile(keras.optimizers.SGD(RATE), no_slope, **QUICK)
    watching = guard(max_faults=9)
    monitor = ktk.callbacks.GradientMonitor()
    history = fit(model, monitor, watching)
    # Neither a loss of no batch nor an update of 0: there was none.
    assert np.isnan([history["loss"], history["update_to_weight"]]).all()
    assert [fault["kinds"] for fault in watching.faults] == [["gradient"]] * 4
    for one, other in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, other)


def test_statistics_that_overflow_are_undone():
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((8,)),
            keras.layers.BatchNormalization(),
            keras.layers.Dense(1),
        ]
    )
    model.compile(keras.optimizers.SGD(RATE), "mse", **QUICK)
    watching = guard()
    fit(model, watching, x=spoiled(1, value=1e25))
    assert "statistics" in watching.faults[0]["kinds"]
    assert "data" not in watching.faults[0]["kinds"]
    assert all(np.isfinite(w).all() for w in model.get_weights())
    assert np.abs(model.get_weights()[3]).max() < 10


def test_what_loss_scaling_skips_is_no_fault():
    model = mlp()
    inner = keras.optimizers.SGD(RATE)
    scaling = keras.optimizers.LossScaleOptimizer(inner, 2.0**127)
    model.compile(scaling, "mse", **QUICK)
    watching = guard()
    fit(model, watching, y=1e3 * Y)
    assert watching.faults == []
    assert float(scaling.dynamic_scale) < 2.0**127
    assert watching.report().ok


class Blind(keras.Sequential):
    def train_step(self, *args):
        logs = {"accuracy": keras.ops.ones(())}
        jax = keras.backend.backend() == "jax"
        return (logs, args[0]) if jax else logs


def test_a_step_that_shows_nothing_is_refused():
    model = Blind([keras.Input((8,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", **QUICK)
    with pytest.raises(ValueError, match="something to look at"):
        fit(model, guard())


def test_weights_that_are_not_finite_are_refused():
    model = mlp()
    model.get_layer("head").kernel.assign(np.full((4, 1), np.nan))
    model.compile("sgd", "mse", **QUICK)
    with pytest.raises(ValueError, match="head/kernel"):
        fit(model, guard())
    assert "train_step" not in vars(model)


@pytest.mark.one_backend
@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"factor": 0}, "factor"),
        ({"factor": 2.0}, "factor"),
        ({"max_faults": -1}, "max_faults"),
        ({"verbose": 7}, "verbose"),
    ],
)
def test_arguments_out_of_range_are_refused(options, match):
    with pytest.raises(ValueError, match=match):
        ktk.callbacks.NonFiniteGuard(**options)
