"""Updates of a run, read from the optimizer's own counter."""

import keras
import pytest

from keras_trainkit.scheduling.scheduled_fit import join_fit
from tests.helpers.models import linear_model
from tests.helpers.models import regression_data

BATCH = 16
X, Y = regression_data(BATCH)


def run_of(accumulation=None, scaled=False, batches=0):
    """Returns the run of a model that has been trained on some batches."""
    optimizer = keras.optimizers.SGD(
        0.01, gradient_accumulation_steps=accumulation
    )
    if scaled:
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    model = linear_model()
    model.compile(optimizer, "mse")
    train(model, batches)
    return join_fit(model)


def train(model, batches):
    model.fit(X, Y, batch_size=BATCH, epochs=batches, verbose=0)


@pytest.mark.parametrize("accumulation, updates", [(None, 5), (2, 2)])
def test_batches_make_updates(accumulation, updates):
    run = run_of(accumulation, batches=5)
    assert (run.counter.batches(), run.counter.updates()) == (5, updates)


@pytest.mark.parametrize(
    "before, accumulation, origin",
    [(0, None, 6), (4, None, 2), (4, 2, 1), (8, None, -2)],
)
def test_a_run_began_as_many_updates_ago_as_it_has_trained(
    before, accumulation, origin
):
    run = run_of(accumulation, batches=6)
    assert run.counter.origin(before) == origin


def test_a_counter_that_left_out_skipped_batches_began_with_the_run():
    assert run_of(scaled=True, batches=6).counter.origin(8) == 0


def test_what_trains_after_the_run_is_not_counted():
    run = run_of(batches=2)
    run.settle()
    train(run.model, 3)
    assert run.counter.batches() == 2
