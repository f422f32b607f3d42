"""Equal curves are compiled once, and the model's own step once."""

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from tests.helpers.models import regression_data
from tests.helpers.traces import QUICK
from tests.helpers.traces import needs_traces
from tests.helpers.traces import traced_net
from tests.helpers.traces import traces

BATCH, EPOCHS = 16, 3
X, Y = regression_data(4 * BATCH)

pytestmark = needs_traces


def compiled(rate=0.01, **options):
    model = traced_net(4)
    optimizer = keras.optimizers.SGD(rate, momentum=0.5)
    model.compile(optimizer, "mse", **(options or QUICK))
    return model


def fit(model, *callbacks, epochs=EPOCHS):
    return model.fit(
        X,
        Y,
        batch_size=BATCH,
        epochs=epochs,
        shuffle=False,
        verbose=0,
        callbacks=list(callbacks),
    )


def decay():
    return keras.optimizers.schedules.InverseTimeDecay(0.01, 4, 0.5)


def cycle():
    return ktk.callbacks.OneCycle(0.1)


def two_schedules():
    return ktk.callbacks.HyperparameterSchedule(decay(), momentum=halving)


def halving(update):
    return 0.5 / (1 + update)


def kicks(factor=3.0):
    return ktk.callbacks.RaiseLROnPlateau(
        "loss", factor, patience=1, min_delta=1e9
    )


OPTIONS = {
    "xla": {"jit_compile": True},
    "several steps": {**QUICK, "steps_per_execution": 2},
    "eager": {"run_eagerly": True, "jit_compile": False},
}


@pytest.mark.parametrize("make", [cycle, two_schedules])
def test_a_fit_with_an_equal_curve_traces_nothing(make):
    model, callback = compiled(), make()
    assert traces(model, lambda: fit(model, callback))[0] > 0
    assert traces(model, lambda: fit(model, callback)) == (0, 0)
    assert traces(model, lambda: fit(model, make())) == (0, 0)


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_it_trains_as_a_step_that_is_traced_anew(options):
    model, twin = compiled(**options), compiled(**options)
    twin.set_weights(model.get_weights())
    for _ in range(2):
        fit(model, cycle())
        fit(twin, cycle())
        twin.make_train_function(force=True)
    for ours, theirs in zip(
        model.get_weights(), twin.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)


def test_another_curve_is_traced():
    model = compiled()
    fit(model, cycle())
    higher = ktk.callbacks.OneCycle(0.2)
    assert traces(model, lambda: fit(model, higher))[0] > 0
    assert traces(model, lambda: fit(model, cycle(), epochs=4))[0] > 0


def test_a_plain_fit_finds_its_own_step():
    model = compiled()
    fit(model)
    fit(model, cycle())
    assert traces(model, lambda: fit(model)) == (0, 0)
    assert traces(model, lambda: fit(model, cycle())) == (0, 0)


def test_a_step_is_kept_when_the_plain_one_came_later():
    model = compiled()
    fit(model, cycle())
    fit(model)
    assert traces(model, lambda: fit(model, cycle())) == (0, 0)
    assert traces(model, lambda: fit(model)) == (0, 0)


def test_kicks_of_a_plain_rate_trace_nothing():
    model, callback = compiled(), kicks()
    fit(model)
    assert traces(model, lambda: fit(model, callback)) == (0, 0)
    assert set(callback.trace()["learning_rate"]) != {0.01}


def test_kicks_of_a_schedule_trace_nothing():
    model, quiet = compiled(decay()), kicks()
    fit(model, quiet, epochs=1)
    loud = kicks()
    assert traces(model, lambda: fit(model, loud)) == (0, 0)
    assert len(np.unique(loud.trace()["learning_rate"])) > 1


def test_kicks_of_a_curve_trace_nothing():
    model = compiled()
    fit(model, cycle())
    kicked = cycle()
    run = fit(model, kicked, kicks())
    again = traces(model, lambda: fit(model, cycle(), kicks()))
    assert again == (0, 0)
    assert (
        run.history["learning_rate"]
        != fit(model, cycle()).history["learning_rate"]
    )


def test_an_error_in_a_fit_leaves_the_steps():
    model = compiled()
    fit(model)
    fit(model, cycle())

    def fail(epoch, logs=None):
        raise RuntimeError

    with pytest.raises(RuntimeError):
        fit(model, cycle(), keras.callbacks.LambdaCallback(on_epoch_end=fail))
    assert traces(model, lambda: fit(model)) == (0, 0)
    assert traces(model, lambda: fit(model, cycle())) == (0, 0)


CHANGES = {
    "momentum": lambda model: setattr(model.optimizer, "momentum", 0.7),
    "clipping": lambda model: setattr(model.optimizer, "clipnorm", 0.1),
    "constraint": lambda model: ktk.constraints.constrain(model, 1.0),
    "flags": lambda model: ktk.transfer.freeze(model, "0"),
    "compile": lambda model: model.compile(model.optimizer, "mae", **QUICK),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_changed_between_is_seen(change):
    model = compiled()
    fit(model, cycle())
    change(model)
    assert traces(model, lambda: fit(model, cycle()))[0] > 0


def test_a_search_between_leaves_the_steps():
    model = compiled()
    fit(model)
    fit(model, cycle())
    ktk.tuning.find_learning_rate(model, X, Y, batch_size=BATCH, steps=20)
    assert traces(model, lambda: fit(model)) == (0, 0)
    assert traces(model, lambda: fit(model, cycle())) == (0, 0)
