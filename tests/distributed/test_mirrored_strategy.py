"""Two logical CPU devices under `tf.distribute.MirroredStrategy`."""

import keras
import pytest

from tests.distributed.scripts.scenarios import MAX_NORM
from tests.distributed.scripts.scenarios import SCENARIOS
from tests.helpers.processes import report_of

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow",
    reason="tf.distribute needs the TensorFlow backend",
)

OURS = ["OneCycle", "FineTuning"]
IMPOSSIBLE = {
    "accumulation": "gradient_accumulation_steps",
    "accumulation with a loss scale": "gradient_accumulation_steps",
    "steps_per_execution": "steps_per_execution",
}


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    return report_of(
        "tests.distributed.scripts.mirrored_strategy",
        tmp_path_factory.mktemp("mirrored") / "report.json",
    )


@pytest.mark.parametrize("name", SCENARIOS)
def test_weights_equal_those_of_one_device(report, name):
    found = report["scenarios"][name]
    assert found["moved"] > 0.01
    assert found["apart"] < 1e-6


@pytest.mark.parametrize("name", SCENARIOS)
def test_replicas_are_identical(report, name):
    found = report["scenarios"][name]
    assert found["copies"] == 2
    assert found["copies_apart"] == 0


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_learning_rate_ends_as_on_one_device(report, name):
    one, several = report["scenarios"][name]["rates"]
    assert one == several


def test_the_constraint_holds(report):
    assert report["scenarios"]["constrain"]["norm"] <= MAX_NORM + 1e-6
    assert report["scenarios"]["OneCycle"]["norm"] > MAX_NORM


@pytest.mark.parametrize("synchronized", ["True", "False"])
def test_trained_weights_agree_over_batch_statistics(report, synchronized):
    found = report["batch_norm"][synchronized]
    assert found["moved"] > 0.01
    assert found["weights_apart"] == 0


def test_batch_statistics_agree_only_when_synchronized(report):
    assert report["batch_norm"]["True"]["statistics_apart"] == 0
    assert report["batch_norm"]["False"]["statistics_apart"] > 0


def test_mc_dropout_is_reproducible(report):
    once, again = report["masks"]
    assert once == again
    assert 0.3 < sum(map(sum, once[0])) / 256 < 0.7


@pytest.mark.parametrize("what", IMPOSSIBLE)
def test_plain_keras_fails_there_too(report, what):
    kind, _, _ = report["refused"]["plain Keras"][what]
    assert kind in ("RuntimeError", "InvalidArgumentError")


@pytest.mark.parametrize("owner", OURS)
@pytest.mark.parametrize("what", IMPOSSIBLE)
def test_what_the_strategy_cannot_do_is_a_clear_error(report, what, owner):
    kind, message, moved = report["refused"][owner][what]
    assert kind == "ValueError"
    assert f"`{IMPOSSIBLE[what]}` must be" in message
    assert f"with or without {owner}" in message
    assert moved == 0


def test_eager_steps_accumulate_as_the_error_says(report):
    kind, _, moved = report["eager accumulation"]
    assert kind == "none"
    assert moved > 0.01
