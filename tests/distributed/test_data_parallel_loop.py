"""Two processes with a model in torch's `DistributedDataParallel`.

The program of docs/distributed.md, started by its launch line: once until one
of the two is killed in the middle of an epoch, and once more. What else works
in such a loop, and what does not, is tried behind it in the same processes.
"""

import json
import sys

import keras
import numpy as np
import pytest

from tests.helpers.launched import PAGE
from tests.helpers.launched import launch
from tests.helpers.launched import launch_lines
from tests.helpers.models import regression_data
from tests.helpers.pages import blocks

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "torch",
    reason="DistributedDataParallel needs the torch backend",
)

TRAININGS = (
    "schedule in the optimizer",
    "rates of layers",
    "Shampoo",
    "HyperparameterSchedule",
    "OneCycle, FineTuning",
    "FineTuning, averages",
)
REFUSED = ("finder", "kicks", "pruning", "GradientMonitor", "NonFiniteGuard")

HEADING = "PyTorch: DistributedDataParallel"
BEFORE = "from tests.distributed.scripts import one_rank\n\none_rank.begin()\n"
AFTER = """
from tests.distributed.scripts import data_parallel_loop

data_parallel_loop.report(globals(), {path!r})
"""


@pytest.fixture(scope="module")
def ranks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("torch")
    report, program = folder / "report.json", folder / "train.py"
    text = PAGE.read_text("utf-8").split(f"\n## {HEADING}\n", 1)[1]
    after = AFTER.format(path=str(report))
    program.write_text(f"{BEFORE}{blocks(text)[0].text}\n{after}", "utf-8")
    lines = launch_lines(HEADING)
    torchrun = f"{sys.executable} -m torch.distributed.run"
    for name, path in (("torchrun", torchrun), ("train.py", str(program))):
        assert name in lines
        lines = lines.replace(name, path)
    # In the second stage: the fourth epoch's second step.
    with pytest.raises(RuntimeError, match="Signal 9"):
        launch(lines, "", KTK_DEADLY_STEP="14")
    assert (folder / "backup" / "latest.weights.h5").is_file()
    launch(lines, "")
    assert not (folder / "backup").exists()
    return json.loads(report.read_text("utf-8"))


def assert_same_weights(one, other, **tolerance):
    for a, b in zip(one, other, strict=True):
        np.testing.assert_allclose(a, b, **tolerance)


def test_the_killed_run_went_on_in_the_fourth_epoch(ranks):
    assert [rank["page"]["first"] for rank in ranks] == [3, 3]


def test_the_killed_run_ends_with_equal_ranks(ranks):
    one, other = (rank["page"]["weights"] for rank in ranks)
    assert_same_weights(one, other, rtol=0)


def test_the_killed_run_ends_as_an_undisturbed_fit_in_one_process(ranks):
    page = ranks[0]["page"]
    assert_same_weights(page["weights"], page["alone"], rtol=0, atol=1e-6)


def test_the_constraint_of_the_killed_run_holds(ranks):
    # It binds: without it the norms would be above.
    norms = ranks[0]["page"]["norms"]
    assert max(norms) == pytest.approx(0.8, abs=1e-6)


def test_only_the_main_process_prints(ranks):
    first, second = (rank["printed"] for rank in ranks)
    assert [line.split(": ")[1] for line in first] == ["epoch 3"]
    assert second == []


@pytest.mark.parametrize("name", TRAININGS)
def test_ranks_train_to_the_same_weights(ranks, name):
    one, other = (rank["trained"][name] for rank in ranks)
    assert_same_weights(one, other, rtol=0)


@pytest.mark.parametrize("name", TRAININGS)
def test_ranks_train_to_the_weights_of_one_process(ranks, name):
    one, alone = ranks[0]["trained"][name], ranks[0]["alone"][name]
    assert_same_weights(one, alone, rtol=0, atol=1e-6)


def test_random_layers_leave_the_weights_of_ranks_equal(ranks):
    one, other = (rank["random"] for rank in ranks)
    assert_same_weights(one, other, rtol=0)


@pytest.mark.parametrize("rank", [0, 1])
def test_mc_masks_are_reproducible(ranks, rank):
    once, again = ranks[rank]["masks"]["ours"]
    assert once == again


def test_mc_masks_differ_between_ranks(ranks):
    one, other = (rank["masks"]["ours"][0] for rank in ranks)
    assert one != other


def test_the_first_rank_draws_what_one_process_draws(ranks):
    masks = ranks[0]["masks"]
    assert masks["ours"][0] == masks["ours, one process"]


@pytest.mark.parametrize(
    "how, same", [("Keras's", True), ("Keras's, seeded after", False)]
)
def test_masks_of_keras_differ_where_seeded_after_wrapping(ranks, how, same):
    one, other = (rank["masks"][how] for rank in ranks)
    assert (one == other) is same


def test_batch_statistics_are_of_each_ranks_own_rows(ranks):
    one, other = (rank["statistics"]["own rows"] for rank in ranks)
    assert one["moving"] != other["moving"]
    assert_same_weights(one["trained"], other["trained"], rtol=0)


@pytest.mark.parametrize(
    "callback", ["RefreshBatchNorm", "StochasticWeightAveraging"]
)
def test_refreshed_statistics_are_those_of_all_rows(ranks, callback):
    one, other = (rank["statistics"][callback] for rank in ranks)
    assert one == other
    expected = regression_data(64)[0].mean(0)
    np.testing.assert_allclose(one["moving"], expected, atol=1e-6)


def test_the_doctor_finds_the_same_on_both_and_changes_nothing(ranks):
    one, other = (rank["doctor"] for rank in ranks)
    assert one["findings"] == other["findings"]
    assert one["weights"] == other["weights"] == ranks[0]["undisturbed"]


@pytest.mark.parametrize("rank", [0, 1])
@pytest.mark.parametrize("given", ["wrapper", "model"])
@pytest.mark.parametrize("callback", REFUSED)
def test_what_acts_in_fit_refuses_a_wrapped_model(ranks, callback, given, rank):
    kind, message, untouched = ranks[rank]["refused"][f"{callback}, {given}"]
    assert kind == "TypeError" and untouched
    assert "trained by `fit`" in message
    assert "DistributedDataParallel" in message


@pytest.mark.parametrize("given", ["wrapper", "model"])
def test_fine_tuning_refuses_gradients_that_are_not_averaged(ranks, given):
    kind, message, untouched = ranks[1]["refused"][f"frozen before, {given}"]
    assert kind == "ValueError" and untouched
    assert "hidden/kernel" in message and "are never averaged" in message


@pytest.mark.parametrize("given", ["wrapper", "model"])
def test_fine_tuning_refuses_a_wrapper_that_would_wait(ranks, given):
    kind, message, untouched = ranks[1]["refused"][f"waits, {given}"]
    assert kind == "ValueError" and untouched
    assert message.startswith("`find_unused_parameters` must be True")


def test_a_wrapped_model_without_an_optimizer_is_refused(ranks):
    kind, message, _ = ranks[0]["refused"]["not compiled"]
    assert kind == "ValueError"
    assert "Compile the model before wrapping it" in message


def test_a_plain_fit_is_not_refused_beside_a_wrapper(ranks):
    assert ranks[0]["fit"] == ["DistributedDataParallel", pytest.approx(0.5)]
