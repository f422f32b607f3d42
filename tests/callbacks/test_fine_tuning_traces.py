"""A stage is compiled once, and inference once for all stages."""

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from tests.helpers.models import regression_data
from tests.helpers.traces import QUICK
from tests.helpers.traces import needs_traces
from tests.helpers.traces import traced_net
from tests.helpers.traces import traces

BATCH = 16
X, Y = regression_data(4 * BATCH)
STAGES = {0: "2", 1: ["1", "2"], 2: "all"}

pytestmark = needs_traces


def compiled(optimizer=None):
    model = traced_net(8, 8)
    model.compile(optimizer or keras.optimizers.Adam(0.01), "mse", **QUICK)
    return model


def fit(model, *callbacks, stages=STAGES, epochs=3):
    fine_tuning = ktk.callbacks.FineTuning(stages)
    return model.fit(
        X,
        Y,
        batch_size=BATCH,
        epochs=epochs,
        shuffle=False,
        verbose=0,
        validation_data=(X, Y),
        validation_batch_size=BATCH,
        callbacks=[fine_tuning, *callbacks],
    )


def cycle():
    return ktk.callbacks.OneCycle(0.1, cycle_momentum=False)


CALLBACKS = {"plain": (), "1cycle": (cycle,)}


@pytest.mark.parametrize("makes", CALLBACKS.values(), ids=CALLBACKS)
def test_a_stage_compiles_the_train_step_alone_and_once(makes):
    model = compiled()
    callbacks = [make() for make in makes]
    one = traces(model, lambda: fit(model, *callbacks, stages={0: "2"}))
    first = traces(model, lambda: fit(model, *callbacks))
    assert one[0] > 0
    # The first stage is that of the run before.
    assert first == (2 * one[0], 0)
    assert traces(model, lambda: fit(model, *callbacks)) == (0, 0)


def test_evaluate_and_predict_trace_once_for_all_stages():
    model = compiled()
    fit(model)
    model.predict(X, verbose=0)
    ktk.transfer.freeze(model, "0")

    def infer():
        model.evaluate(X, Y, batch_size=BATCH, verbose=0)
        model.predict(X, verbose=0)

    assert traces(model, infer) == (0, 0)


OPTIMIZERS = {
    "adam": lambda: keras.optimizers.Adam(0.01, use_ema=True),
    "accumulation": lambda: keras.optimizers.SGD(
        0.01, momentum=0.5, gradient_accumulation_steps=2
    ),
    "loss scale": lambda: keras.optimizers.LossScaleOptimizer(
        keras.optimizers.SGD(0.01, momentum=0.5), initial_scale=8.0
    ),
}


@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_a_stage_found_again_trains_as_one_that_is_traced(make):
    model, twin = compiled(make()), compiled(make())
    twin.set_weights(model.get_weights())
    for _ in range(2):
        ours, theirs = fit(model), fit(twin)
        twin.make_train_function(force=True)
        assert ours.history["val_loss"] == theirs.history["val_loss"]
    for our, their in zip(
        model.optimizer.variables, twin.optimizer.variables, strict=True
    ):
        np.testing.assert_array_equal(
            keras.ops.convert_to_numpy(our), keras.ops.convert_to_numpy(their)
        )
