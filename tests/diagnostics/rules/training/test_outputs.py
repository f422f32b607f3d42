"""What the predictions of a training network show, without any `fit`."""

import numpy as np
import pytest

from tests.helpers.seen_training import ROWS
from tests.helpers.seen_training import layer
from tests.helpers.seen_training import probe
from tests.helpers.seen_training import said
from tests.helpers.seen_training import seen
from tests.helpers.seen_training import subject

pytestmark = pytest.mark.one_backend
STUCK = {"loss": np.full(12, 0.6932)}
CONSTANT = probe(outputs=np.full((ROWS, 1), 0.5))
ONE_CLASS = probe(outputs=np.linspace(0.1, 0.4, ROWS)[:, None])
DEAD = probe(
    outputs=np.full((ROWS, 1), 0.5), layers={"hidden": layer(dead=1.0)}
)
CASES = {
    "constant": ([CONSTANT], STUCK, "learning_rate"),
    "one class": ([ONE_CLASS], STUCK, "learning_rate"),
    "dead": ([DEAD], STUCK, "activation"),
    "different": ([probe()], STUCK, None),
    "learns": ([ONE_CLASS], {"loss": np.linspace(0.7, 0.2, 12)}, None),
    "early": ([CONSTANT], {"loss": [0.7, 0.7], "updates": 16}, None),
    "not looked at": ([], STUCK, None),
}


@pytest.mark.parametrize("probes, curve, topic", CASES.values(), ids=CASES)
def test_one_answer_for_all_rows(probes, curve, topic):
    result = said("D111", seen(probes=probes, **curve))
    assert result == (topic and ("warning", topic))


def test_a_class_that_is_far_more_common_is_the_cause():
    about = subject()
    y = (np.arange(ROWS) > 5).astype("float32")[:, None]
    about.sample.whole_y[0][:] = y
    constant = -np.mean(np.where(y, np.log(y.mean()), np.log(1 - y.mean())))
    curve = {"loss": np.full(12, constant), "about": about}
    answer = probe(outputs=np.linspace(0.8, 0.9, ROWS)[:, None])
    assert said("D111", seen(probes=[answer], **curve)) == ("warning", "data")


def test_outputs_on_the_bounds_of_the_last_activation():
    about = subject("relu", "mean_squared_error")
    about.sample.y[0][:] -= 0.5
    curve = {"loss": np.full(6, 0.4), "about": about}
    outputs = np.maximum(np.linspace(-1, 0.5, ROWS), 0)[:, None]
    clipped = seen(probes=[probe(outputs=outputs)], **curve)
    assert said("D117", clipped) == ("warning", "activation")
    about.sample.y[0][:] += 0.5
    assert said("D117", clipped) is None
