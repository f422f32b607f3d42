"""Errors that a training hides, without any `fit`."""

import numpy as np
import pytest

from tests.helpers.seen_training import UNSCALED
from tests.helpers.seen_training import WRONG_LOSS
from tests.helpers.seen_training import probe
from tests.helpers.seen_training import said
from tests.helpers.seen_training import seen
from tests.helpers.seen_training import subject

pytestmark = pytest.mark.one_backend
FALLS, FLAT = np.linspace(0.69, 0.3, 6), np.full(6, 0.6932)


@pytest.mark.parametrize(
    "loss, causes, expected",
    [
        (FALLS, [WRONG_LOSS], ("warning", "loss")),
        (FALLS, [UNSCALED, WRONG_LOSS], ("warning", "loss")),
        (FALLS[:1], [WRONG_LOSS], None),
        (FALLS, [UNSCALED], None),
        (FALLS, [], None),
        (FLAT, [WRONG_LOSS], None),
    ],
)
def test_only_errors_that_the_curve_does_not_show(loss, causes, expected):
    about = seen(loss, probes=[probe()], causes=causes)
    assert said("D118", about) == expected


def test_without_a_constant_to_compare_with_it_is_told():
    about = seen(
        FLAT, probes=[probe()], causes=[WRONG_LOSS], about=subject(loss="hinge")
    )
    assert said("D118", about) == ("warning", "loss")


def test_not_before_any_training_nor_of_losses_of_another_kind():
    before = seen(FALLS, probes=[probe(epoch=0)], causes=[WRONG_LOSS])
    assert said("D118", before) is None
    own = seen(FALLS, probes=[probe()], causes=[WRONG_LOSS])
    own.training.own_step = True
    assert said("D118", own) is None
