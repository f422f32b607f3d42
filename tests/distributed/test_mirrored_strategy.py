"""Two logical CPU devices under `tf.distribute.MirroredStrategy`."""

import keras
import numpy as np
import pytest

from tests.distributed.scripts.scenarios import MAX_NORM
from tests.distributed.scripts.scenarios import ONE_DEVICE
from tests.distributed.scripts.scenarios import SCENARIOS
from tests.distributed.scripts.scenarios import SEARCH
from tests.distributed.scripts.scenarios import SEARCHES
from tests.helpers.processes import report_of

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow",
    reason="tf.distribute needs the TensorFlow backend",
)

OURS = [
    "OneCycle",
    "HyperparameterSchedule",
    "FineTuning",
    "RaiseLROnPlateau",
    "LearningRateFinder",
]
# Whose losses are not those of one device: see docs/distributed.md.
OWN_ROWS = "random numbers and batch statistics"
SAME_SEARCH = [name for name in SEARCHES if name != OWN_ROWS]
MC_LAYERS = [
    "MCDropout",
    "MCAlphaDropout",
    "MCGaussianDropout",
    "MCSpatialDropout1D",
    "MCSpatialDropout2D",
    "MCSpatialDropout3D",
]
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


def test_a_kick_acts(report):
    one, several = report["scenarios"]["RaiseLROnPlateau"]["logged"]
    assert one == several == pytest.approx([0.01, 0.01, 0.05])


def test_the_constraint_holds(report):
    assert report["scenarios"]["constrain"]["norm"] <= MAX_NORM + 1e-6
    assert report["scenarios"]["OneCycle"]["norm"] > MAX_NORM


@pytest.mark.parametrize("synchronized", ["True", "False"])
def test_trained_weights_agree_over_batch_statistics(report, synchronized):
    found = report["batch_norm"][synchronized]
    assert found["moved"] > 0.01
    assert found["weights_apart"] == 0


def test_averages_and_their_statistics_are_exact_on_each_device(report):
    found = report["averaged"]
    assert found["count"] == 2
    assert found["statistics"] < 1e-5
    assert found["copies"] == 0
    assert found["loss"][0] == pytest.approx(found["loss"][1], rel=1e-5)


def test_refreshed_statistics_are_exact_on_each_device(report):
    found = report["refreshed"]
    without, exact = found["statistics"]
    assert without > 0.01
    assert exact < 1e-5


def test_a_refresh_leaves_the_training_as_it_is(report):
    assert report["refreshed"]["moved"] > 0.01
    assert report["refreshed"]["apart"] == 0


def test_batch_statistics_agree_only_when_synchronized(report):
    assert report["batch_norm"]["True"]["statistics_apart"] == 0
    assert report["batch_norm"]["False"]["statistics_apart"] > 0


@pytest.mark.parametrize("name", SEARCHES)
def test_a_search_puts_every_copy_back(report, name):
    found = report["searches"][name]
    assert found["copies"] == 2
    assert found["not_put_back"] == 0
    assert found["optimizer_built"] == found["alone"]["optimizer_built"]


@pytest.mark.parametrize("name", SAME_SEARCH)
def test_a_search_sees_the_losses_of_one_device(report, name):
    found = report["searches"][name]
    assert len(found["losses"]) == SEARCH["steps"]
    np.testing.assert_allclose(
        found["losses"], found["alone"]["losses"], rtol=1e-6
    )


@pytest.mark.parametrize("name", SAME_SEARCH)
def test_training_after_a_search_equals_that_of_one_device(report, name):
    assert report["searches"][name]["apart"] < 1e-6


@pytest.mark.parametrize("kind", ["repeated", "mapped"])
def test_replicas_share_the_samples_of_a_prediction(report, kind):
    found = report["samples"][kind]
    assert found["alone"]["computed"] == {}
    assert found["mirrored"]["computed"] == {"0": 8, "1": 8}


def test_samples_that_xla_computes_are_not_shared(report):
    assert report["samples"]["by XLA"]["mirrored"]["computed"] == {}


@pytest.mark.parametrize("kind", ["repeated", "mapped", "by XLA"])
@pytest.mark.parametrize("what", ["samples", "mean"])
def test_samples_of_a_prediction_are_those_of_one_device(report, kind, what):
    one, several = (
        report["samples"][kind][n][what] for n in ("alone", "mirrored")
    )
    np.testing.assert_allclose(several, one, rtol=0, atol=1e-6)


def correlation(report, when, name):
    one, other = report["noise"][0][when][name]
    return float(np.corrcoef(one, other)[0, 1])


@pytest.mark.parametrize(
    "when, name",
    [
        *(("fit", name) for name in [*MC_LAYERS, "RReLU"]),
        *(("predict", name) for name in MC_LAYERS),
    ],
)
def test_replicas_draw_independent_numbers(report, when, name):
    # Five standard errors for 4 rows of 64 features.
    assert abs(correlation(report, when, name)) < 5 / 16


def test_replicas_draw_the_same_in_plain_keras(report):
    """The reason for all this; where Keras mends it, ours can go."""
    assert correlation(report, "fit", "Keras's Dropout") == pytest.approx(1)


def test_random_numbers_are_reproducible(report):
    once, again = report["noise"]
    assert once == again


def test_a_seed_is_one_state_equal_on_all_replicas(report):
    # Counters: `fit` and `predict` draw from the first six, RReLU and Keras's
    # own only in `fit`.
    draws = [2] * len(MC_LAYERS) + [1, 1]
    expected = [[[1, count]] * 2 for count in draws]
    assert report["noise"][0]["seeds"] == expected


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


@pytest.mark.parametrize(
    "owner", ["MagnitudePruning", "GradientMonitor", "NonFiniteGuard"]
)
def test_what_looks_into_the_step_is_refused(report, owner):
    kind, message, moved = report["instruments"][owner]
    assert kind == "ValueError"
    assert f"`distribute_strategy` must be none with {owner}" in message
    assert "Received: distribute_strategy='MirroredStrategy'" in message
    assert moved == 0


@pytest.mark.parametrize("owner", ONE_DEVICE)
def test_what_needs_a_model_of_one_device_is_refused(report, owner):
    kind, message, moved = report["one device"][owner]
    assert kind == "ValueError"
    assert f"`distribute_strategy` must be none with {owner}: " in message
    assert moved == 0


def test_the_doctor_looks_at_everything(report):
    found = report["doctor"]
    assert found["problems"] == {}
    assert found["probes"] > 1
    assert found["layers"] == ["bn", "head", "hidden"]


def test_eager_steps_accumulate_as_the_error_says(report):
    kind, _, moved = report["eager accumulation"]
    assert kind == "none"
    assert moved > 0.01
