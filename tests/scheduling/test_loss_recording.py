import math

import pytest

from keras_trainkit.scheduling.loss_recording import LossRecording
from keras_trainkit.scheduling.loss_recording import most_batches


def recording(steps=3, per_update=1, counted=0, threshold=4.0):
    return LossRecording(steps, per_update, counted, 0.9, threshold)


def fed(batches, **arguments):
    """Feeds `(loss, counter after it)` until it is over."""
    record = recording(**arguments)
    for loss, counted in batches:
        if not record.over:
            record.add(loss, counted)
    return record


CASES = {
    "one batch a step": (
        [(3.0, 1), (2.0, 2), (1.0, 3), (9.0, 4)],
        {},
        [3.0, 2.0, 1.0],
        True,
    ),
    "a counter that does not begin at zero": (
        [(3.0, 8), (2.0, 9)],
        {"counted": 7},
        [3.0, 2.0],
        False,
    ),
    "the mean of accumulated batches": (
        [(3.0, 1), (1.0, 2), (5.0, 3), (7.0, 4)],
        {"per_update": 2, "steps": 2},
        [2.0, 6.0],
        True,
    ),
    "an accumulation that was begun before": (
        [(3.0, 4), (1.0, 5), (2.0, 6)],
        {"per_update": 2, "counted": 3},
        [3.0, 1.5],
        False,
    ),
    "skipped batches belong to the step": (
        [(4.0, 0), (2.0, 0), (3.0, 1), (1.0, 2)],
        {},
        [3.0, 1.0],
        False,
    ),
    "a nan ends it": ([(3.0, 1), (math.inf, 1)], {}, [3.0, math.inf], True),
    "a nan within an accumulation": (
        [(3.0, 1), (math.inf, 2)],
        {"per_update": 4},
        [math.inf],
        True,
    ),
    "gradients that stay infinite": (
        [(1.0, 0)] * 70,
        {},
        [math.inf],
        True,
    ),
}


@pytest.mark.parametrize(
    "batches, arguments, losses, over", CASES.values(), ids=CASES
)
def test_losses_become_steps(batches, arguments, losses, over):
    record = fed(batches, **arguments)
    assert (record.losses, record.over) == (losses, over)


def test_a_count_that_moved_moves_the_position():
    record = fed([(3.0, 8), (2.0, 9)], counted=7)
    record.resume(10)
    record.add(1.0, 11)
    assert record.losses == [3.0, 2.0, 1.0]
    assert record.positions == [0, 1, 3]
    assert record.over


def test_a_blow_up_ends_it():
    batches = [(1.0, i + 1) for i in range(20)] + [(100.0, 21), (1.0, 22)]
    record = fed(batches, steps=50)
    assert record.over and record.losses[-1] == 100.0


def test_most_batches_are_enough_for_any_run():
    skipping = [(1.0, i // 50) for i in range(most_batches(3, 1))]
    assert fed(skipping, steps=3).over
