"""Two processes of `jax.distributed`, under DataParallel and ModelParallel.

Started by the launch lines of docs/distributed.md, with two devices each: once
until one of them is killed in the middle of a training, and once more.
"""

import json
import os

import keras
import numpy as np
import pytest

from tests.helpers.launched import launch
from tests.helpers.launched import launch_lines

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "jax",
    reason="keras.distribution needs the JAX backend",
)

SCRIPT = "-m tests.distributed.scripts.jax_processes"
TWO_DEVICES = "--xla_force_host_platform_device_count=2"
# Where each has trained to its end: after being killed, or at once.
PHASES = {"DataParallel": "again", "ModelParallel": "first"}
PHASE_OF = [pytest.param(e, p, id=e) for e, p in PHASES.items()]


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """Returns the reports of both processes, by phase."""
    folder = tmp_path_factory.mktemp("processes")
    lines = launch_lines("JAX: several processes")
    flags = f"{os.environ.get('XLA_FLAGS', '')} {TWO_DEVICES}"
    for phase in ("first", "again"):
        killed = folder / "gone" if phase == "first" else None
        program = f"{SCRIPT} {folder} {phase}"
        launch(lines, program, until=killed, XLA_FLAGS=flags)
        if killed:
            assert (folder / "backup_0" / "latest.weights.h5").is_file()
    assert not (folder / "backup_0").exists()
    return {
        phase: [read(folder / f"{phase}_{i}.json") for i in (0, 1)]
        for phase in ("first", "again")
    }


def read(path):
    return json.loads(path.read_text("utf-8"))


def apart(one, other):
    """Returns the largest difference between two lists of values."""
    return max(
        float(np.abs(np.subtract(a, b)).max())
        for a, b in zip(one, other, strict=True)
    )


@pytest.mark.parametrize("engine, phase", PHASE_OF)
@pytest.mark.parametrize("what", ["weights", "state"])
def test_both_processes_hold_the_same(reports, engine, phase, what):
    one, other = (report[engine][what] for report in reports[phase])
    assert one == other


@pytest.mark.parametrize("engine, phase", PHASE_OF)
def test_weights_equal_those_of_one_process(reports, engine, phase):
    """DataParallel's are those of a job that was killed and resumed."""
    alone = reports["again"][0]["alone"]
    found = reports[phase][0][engine]
    assert apart(found["weights"], alone["weights"]) < 2e-6
    assert apart(found["state"], alone["state"]) < 2e-6


@pytest.mark.parametrize("engine, phase", PHASE_OF)
def test_logs_equal_those_of_one_process(reports, engine, phase):
    alone = reports["again"][0]["alone"]["logs"]
    for_both = [report[engine]["logs"] for report in reports[phase]]
    assert for_both[0] == for_both[1]
    assert set(for_both[0]) == set(alone)
    last = {name: values[-1] for name, values in for_both[0].items()}
    expected = {name: values[-1] for name, values in alone.items()}
    assert last == pytest.approx(expected, rel=1e-5)


def test_the_killed_run_went_on_in_the_third_epoch(reports):
    logs = reports["again"][0]["DataParallel"]["logs"]
    assert {len(values) for values in logs.values()} == {1}


@pytest.mark.parametrize("engine, phase", PHASE_OF)
def test_the_features_have_acted(reports, engine, phase):
    found = reports[phase][0][engine]
    assert found["sparsities"] == reports["again"][0]["alone"]["sparsities"]
    assert max(found["sparsities"].values()) >= 0.5
    assert found["logs"]["learning_rate"][-1] < 1e-3
    assert found["logs"]["weight_decay"][-1] == pytest.approx(0.045)


@pytest.mark.parametrize("engine, phase", PHASE_OF)
def test_the_doctor_sees_the_same_on_both(reports, engine, phase):
    one, other = (report[engine] for report in reports[phase])
    assert one["problems"] == other["problems"] == {}
    assert one["measured"] == other["measured"]
    assert min(map(len, one["measured"].values())) > 1


@pytest.mark.parametrize("name", ["std", "update_ratio"])
def test_the_doctor_measures_what_it_would_in_one_process(reports, name):
    alone = reports["again"][0]["alone"]["measured"][name]
    found = reports["first"][0]["ModelParallel"]["measured"][name]
    assert found == pytest.approx(alone, rel=1e-3)


@pytest.mark.parametrize("engine, phase", PHASE_OF)
def test_only_the_main_process_prints(reports, engine, phase):
    one, other = (report[engine]["printed"] for report in reports[phase])
    assert {line.split(":")[0] for line in one} == {"FineTuning"}
    assert other == []


def test_a_layer_is_spread_over_both_processes(reports):
    shards = [report["ModelParallel"]["shard"] for report in reports["first"]]
    assert shards == [[8, 2], [8, 2]]


@pytest.mark.parametrize("process", [0, 1])
def test_a_search_sees_the_losses_of_one_process(reports, process):
    alone = reports["first"][0]["search alone"]
    found = reports["first"][process]["search"]
    np.testing.assert_allclose(found["losses"], alone["losses"], rtol=1e-5)
    assert found["put_back"]


@pytest.mark.parametrize("process", [0, 1])
def test_processes_share_the_samples_of_a_prediction(reports, process):
    alone = reports["first"][0]["samples alone"]
    found = reports["first"][process]["samples"]
    np.testing.assert_allclose(
        found["samples"], alone["samples"], rtol=0, atol=1e-6
    )
    own = {"0": 4, "1": 4} if process == 0 else {"2": 4, "3": 4}
    assert found["computed"] == own


@pytest.mark.parametrize("process", [0, 1])
def test_other_data_on_one_process_is_a_clear_error(reports, process):
    message = reports["first"][process]["refused"]["other rows"]
    assert message.startswith("`x` must be the same on all processes")
    assert "others on the processes [1]" in message


@pytest.mark.parametrize("process", [0, 1])
def test_what_cannot_be_done_there_is_a_clear_error(reports, process):
    message = reports["first"][process]["refused"]["MCEvaluation"]
    assert "Expected one process with MCEvaluation" in message
