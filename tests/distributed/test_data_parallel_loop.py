"""Two processes with a model in torch's `DistributedDataParallel`."""

import keras
import numpy as np
import pytest

from tests.distributed.scripts.scenarios import MAX_NORM
from tests.helpers.processes import report_of

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "torch",
    reason="DistributedDataParallel needs the torch backend",
)

LAUNCHER = (
    *("-m", "torch.distributed.run", "--nproc-per-node=2"),
    *("--rdzv-backend=c10d", "--rdzv-endpoint=127.0.0.1:0"),
    "--local-addr=127.0.0.1",
)


@pytest.fixture(scope="module")
def ranks(tmp_path_factory):
    return report_of(
        "tests.distributed.scripts.data_parallel_loop",
        tmp_path_factory.mktemp("torch") / "report.json",
        LAUNCHER,
    )


def assert_same_weights(one, other, **tolerance):
    for a, b in zip(one, other, strict=True):
        np.testing.assert_allclose(a, b, **tolerance)


@pytest.mark.parametrize("kind", ["constrained", "random"])
def test_both_ranks_have_the_same_weights(ranks, kind):
    assert_same_weights(ranks[0][kind], ranks[1][kind], rtol=0)


def test_weights_equal_those_of_one_process(ranks):
    assert_same_weights(ranks[0]["constrained"], ranks[0]["alone"], atol=1e-6)


@pytest.mark.parametrize("rank", [0, 1])
def test_the_constraint_holds(ranks, rank):
    # It binds: without it the norms would be above.
    assert ranks[rank]["norms"] == pytest.approx([MAX_NORM] * 2, abs=1e-6)


@pytest.mark.parametrize("rank", [0, 1])
@pytest.mark.parametrize("when", ["seeded before", "seeded after"])
def test_mc_masks_are_reproducible(ranks, when, rank):
    once, again = ranks[rank]["masks"][when]
    assert once == again


def test_mc_masks_differ_where_seeds_are_set_after_wrapping(ranks):
    one, other = (rank["masks"]["seeded after"][0] for rank in ranks)
    assert one != other


def test_wrapping_gives_every_rank_the_seeds_of_the_first(ranks):
    one, other = (rank["masks"]["seeded before"][0] for rank in ranks)
    assert one == other


@pytest.mark.parametrize("rank", [0, 1])
@pytest.mark.parametrize("compiled", [0, 1], ids=["compiled", "not compiled"])
@pytest.mark.parametrize(
    "callback", ["one_cycle", "schedule", "fine_tuning", "finder", "kicks"]
)
def test_a_callback_refuses_a_wrapped_model(ranks, callback, compiled, rank):
    message = ranks[rank]["refused"][callback][compiled]
    assert "trained by `fit`" in message
    assert "DistributedDataParallel" in message
    assert "keras_trainkit.schedules.OneCycle" in message


def test_only_the_main_process_prints(ranks):
    first, second = (rank["printed"] for rank in ranks)
    assert [line.split(": ")[1] for line in first] == ["epoch 0", "epoch 1"]
    assert second == []
