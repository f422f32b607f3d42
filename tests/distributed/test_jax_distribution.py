"""Eight host devices under `DataParallel` and `ModelParallel`."""

import os

import keras
import numpy as np
import pytest

from tests.distributed.scripts.scenarios import MAX_NORM
from tests.distributed.scripts.scenarios import SCENARIOS
from tests.distributed.scripts.scenarios import SEARCH
from tests.distributed.scripts.scenarios import SEARCHES
from tests.helpers.processes import report_of

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "jax",
    reason="keras.distribution needs the JAX backend",
)

EIGHT_DEVICES = "--xla_force_host_platform_device_count=8"
# Copies of a variable's first piece, and the shape of a piece of the kernel.
ENGINES = {"DataParallel": (8, [8, 4]), "ModelParallel": (4, [8, 2])}
NAMES = [*SCENARIOS, "gradient accumulation", "steps_per_execution"]


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    return report_of(
        "tests.distributed.scripts.jax_distribution",
        tmp_path_factory.mktemp("jax") / "report.json",
        XLA_FLAGS=f"{os.environ.get('XLA_FLAGS', '')} {EIGHT_DEVICES}",
    )


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", NAMES)
def test_weights_equal_those_of_one_device(report, name, engine):
    found = report["scenarios"][name][engine]
    assert found["moved"] > 0.01
    assert found["apart"] < 1e-6


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", NAMES)
def test_copies_are_identical(report, name, engine):
    found = report["scenarios"][name][engine]
    assert (found["copies"], found["shard"]) == ENGINES[engine]
    assert found["copies_apart"] == 0


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", NAMES)
def test_the_learning_rate_ends_as_on_one_device(report, name, engine):
    one, several = report["scenarios"][name][engine]["rates"]
    assert one == several


@pytest.mark.parametrize("engine", ENGINES)
def test_averages_and_their_statistics_are_exact_on_each_device(report, engine):
    found = report["averaged"][engine]
    assert found["count"] == 2
    assert found["statistics"] < 1e-5
    assert found["copies"] == 0
    assert found["loss"][0] == pytest.approx(found["loss"][1], rel=1e-5)


@pytest.mark.parametrize("engine", ENGINES)
def test_refreshed_statistics_are_exact_on_each_device(report, engine):
    found = report["refreshed"][engine]
    without, exact = found["statistics"]
    assert without > 0.01
    assert exact < 1e-5
    assert found["moved"] > 0.01
    assert found["apart"] == 0


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("owner", ["find_batch_size", "batch_size_curve"])
def test_what_needs_batches_of_any_size_is_refused(report, owner, engine):
    kind, message, moved = report["one device"][engine][owner]
    assert kind == "ValueError"
    assert (
        f"`distribution` must be one of a single device, or none, with {owner}"
        in message
    )
    assert f"Received: distribution='{engine}'" in message
    assert moved == 0


@pytest.mark.parametrize("engine", ENGINES)
def test_a_kick_acts(report, engine):
    one, several = report["scenarios"]["RaiseLROnPlateau"][engine]["logged"]
    assert one == several == pytest.approx([0.01, 0.01, 0.05])


@pytest.mark.parametrize("engine", ENGINES)
def test_the_constraint_holds(report, engine):
    found = report["scenarios"]
    assert found["constrain"][engine]["norm"] <= MAX_NORM + 1e-6
    assert found["OneCycle"][engine]["norm"] > MAX_NORM


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", SEARCHES)
def test_a_search_puts_the_model_back(report, name, engine):
    found = report["searches"][name][engine]
    assert found["copies"] == 8
    assert found["not_put_back"] == 0
    assert found["optimizer_built"] == found["alone"]["optimizer_built"]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", SEARCHES)
def test_a_search_sees_the_losses_of_one_device(report, name, engine):
    found = report["searches"][name][engine]
    assert len(found["losses"]) == SEARCH["steps"]
    np.testing.assert_allclose(
        found["losses"], found["alone"]["losses"], rtol=1e-6
    )


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", SEARCHES)
def test_training_after_a_search_equals_that_of_one_device(
    report, name, engine
):
    assert report["searches"][name][engine]["apart"] < 1e-6


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("kind", ["repeated", "mapped"])
def test_samples_of_a_prediction_are_those_of_one_device(report, kind, engine):
    found = report["samples"][kind]
    for what in ("samples", "mean"):
        np.testing.assert_allclose(
            found[engine][what], found["alone"][what], rtol=0, atol=1e-6
        )


@pytest.mark.parametrize("kind", ["repeated", "mapped"])
def test_devices_share_the_samples_of_a_prediction(report, kind):
    found = report["samples"][kind]
    assert found["alone"]["computed"] == {}
    each = {str(device): 4 for device in range(8)}
    assert found["DataParallel"]["computed"] == each
    rows = ENGINES["ModelParallel"][0]
    assert len(found["ModelParallel"]["computed"]) == rows


@pytest.mark.parametrize("engine", ENGINES)
def test_mc_masks_differ_between_devices(report, engine):
    """Each device has one of eight rows, or four of them two each."""
    mask = np.array(report["masks"][engine][0])
    assert len(np.unique(mask, axis=0)) == 8


@pytest.mark.parametrize("engine", ENGINES)
def test_mc_masks_are_reproducible(report, engine):
    once, again = report["masks"][engine]
    assert once == again
