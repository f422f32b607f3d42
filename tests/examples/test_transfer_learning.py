import numpy as np
import pytest

from tests.helpers.examples import EXAMPLES
from tests.helpers.examples import load_script
from tests.helpers.pictures import colours_in
from tests.helpers.pictures import unlike

script = load_script(EXAMPLES / "transfer_learning.py")


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    path = tmp_path_factory.mktemp("quick") / "picture.png"
    arguments = ["--quick", "--seeds", "1", "--output", str(path)]
    return script.main(arguments), path


# What could give the labels away is how the images are divided, which is
# NumPy's: this control of the example needs one backend.
control = pytest.mark.one_backend


@pytest.fixture(scope="module")
def shuffled(tmp_path_factory):
    path = tmp_path_factory.mktemp("shuffled") / "picture.png"
    return script.main(
        ["--quick", "--shuffle-labels", "--seeds", "3", "--output", str(path)]
    )


def pooled(runs, arm):
    """Returns an arm's accuracy over the seeds, and its standard error."""
    tested = [len(run["images"][1]) for run in runs]
    accuracy = np.average([run[arm] for run in runs], weights=tested)
    return accuracy, 0.5 / np.sum(tested) ** 0.5


@control
@pytest.mark.parametrize("arm", script.ARMS)
def test_shuffled_labels_come_out_at_chance(shuffled, arm):
    accuracy, error = pooled(shuffled, arm)
    assert abs(accuracy - 0.5) < 4 * error


def test_true_labels_would_not_pass_for_chance(quick):
    accuracy, error = pooled(quick[0], "fine-tuned")
    assert accuracy > 0.5 + 4 * error


@control
def test_every_seed_has_its_own_pair(shuffled):
    assert len({tuple(run["pair"]) for run in shuffled}) == 3


def test_the_run_is_one_cycle_with_a_lower_rate_from_the_stage_on(quick):
    curves = quick[0][0]["curves"]
    rate, stage = curves["learning_rate"], curves["stage"]
    # Twenty epochs of two batches, a quarter of them for the head.
    assert (len(rate), stage) == (40, 10)
    assert rate[stage] < 0.2 * rate[stage - 1]
    assert rate.max() < script.MAX_LR["fine-tuned"]
    assert (curves["momentum"].min(), curves["momentum"][0]) == (0.85, 0.95)


def test_the_picture_shows_this_run_and_no_other(quick, tmp_path):
    (run,), drawn = quick
    assert {"tab:blue", "tab:orange"} <= colours_in(drawn)
    curves = {
        **run["curves"],
        "momentum": np.roll(run["curves"]["momentum"], 4),
    }
    other = {**run, "curves": curves}
    script.draw([other], script.ARMS, tmp_path / "other.png")
    assert unlike(tmp_path / "other.png", drawn) > 0.01


@control
def test_the_table_is_the_mean_and_deviation(shuffled, capsys):
    script.report(shuffled, script.parse([]))
    values = [run["frozen"] for run in shuffled]
    line = capsys.readouterr().out.split("frozen")[1].split()
    assert line[:2] == [f"{np.mean(values):.3f}", f"{np.std(values):.3f}"]


def test_mc_dropout_is_drawn_with_its_spread(quick):
    (run, *_), _ = quick
    _, labels, mean, spread = run["images"]
    assert (spread > 0).all()
    assert run["MC dropout"] == np.mean((mean > 0.5) == labels)
