"""Two workers of `tf.distribute.MultiWorkerMirroredStrategy`.

Started by the launch lines of docs/distributed.md.
"""

import json

import keras
import pytest

from tests.helpers.launched import launch
from tests.helpers.launched import launch_lines

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
    "MagnitudePruning",
    "GradientMonitor",
    "NonFiniteGuard",
    "RefreshBatchNorm",
    "StochasticWeightAveraging",
    "TrainingDoctor",
    "ActivationMonitor",
    "EvaluateTraining",
    "MCEvaluation",
    "mc_predict",
    "refresh",
]
BOTH = pytest.mark.parametrize("worker", [0, 1])


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    folder = tmp_path_factory.mktemp("workers")
    lines = launch_lines("TensorFlow: MirroredStrategy")
    launch(lines, f"-m tests.distributed.scripts.workers {folder}")
    paths = [folder / f"worker_{index}.json" for index in (0, 1)]
    return [json.loads(path.read_text("utf-8")) for path in paths]


@BOTH
def test_plain_keras_fails_there_too(reports, worker):
    """The reason for all this; where Keras mends it, ours can go."""
    kind, message = reports[worker]["errors"]["plain Keras"]
    assert kind == "ValueError"
    assert "PerReplica" in message


@BOTH
@pytest.mark.parametrize("owner", OURS)
def test_it_is_a_clear_error_at_the_start(reports, worker, owner):
    kind, message = reports[worker]["errors"][owner]
    assert kind == "ValueError"
    assert "`distribute_strategy` must be one of a single process" in message
    assert f"with or without {owner}" in message
    assert "MultiWorkerMirroredStrategy with 2 workers" in message
    assert "Use `MirroredStrategy`" in message


@BOTH
def test_nothing_is_changed(reports, worker):
    assert not reports[worker]["moved"]


@BOTH
def test_the_first_worker_is_the_main_process(reports, worker):
    assert reports[worker]["main"] == [worker == 0] * 2
