import numpy as np
import pytest

from tests.helpers.examples import EXAMPLES
from tests.helpers.examples import load_script
from tests.helpers.pictures import colours_in
from tests.helpers.pictures import unlike

script = load_script(EXAMPLES / "one_cycle.py")

REACHED = {
    "in the first epoch": ([0.98, 0.9], 1),
    "in the second": ([0.9, 0.97], 2),
    "and lost again": ([0.9, 0.98, 0.5], 2),
    "never": ([0.9, 0.96], 32),
}


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    path = tmp_path_factory.mktemp("quick") / "picture.png"
    return script.main(["--quick", "--output", str(path)]), path


@pytest.mark.parametrize(
    "accuracies, epochs", REACHED.values(), ids=list(REACHED)
)
def test_steps_until_the_target_is_reached(accuracies, epochs):
    steps = script.steps_to(0.97, np.array(accuracies), longest=32)
    assert steps == 16 * epochs


def test_the_fewest_steps_decide_then_the_accuracy_at_the_end(monkeypatch):
    curves = {
        (0.1, 4): [0.5, 0.9, 0.99, 0.99],
        (0.1, 8): [0.5, 0.5, 0.9, 0.99],
        (0.2, 4): [0.5, 0.97, 0.97, 0.97],
        (0.2, 8): [0.5, 0.97, 0.97, 0.98],
    }
    monkeypatch.setattr(
        script,
        "train",
        lambda method, rate, epochs, seed: np.array(curves[rate, epochs]),
    )
    args = script.parse(["--rates", "0.1", "0.2", "--epochs", "4", "8"])
    assert script.choose("1cycle", args) == (0.2, 8)


def test_a_constant_rate_has_no_length_to_choose(monkeypatch):
    asked = []

    def train(method, rate, epochs, seed):
        asked.append((epochs, seed))
        return np.ones(epochs)

    monkeypatch.setattr(script, "train", train)
    args = script.parse(["--rates", "0.1", "0.2", "--epochs", "4", "8"])
    script.choose("constant", args)
    assert asked == [(8, 1000), (8, 1001)] * 2


def test_where_there_is_one_choice_nothing_is_trained(monkeypatch):
    monkeypatch.delattr(script, "train")
    args = script.parse(["--rates", "0.1", "--epochs", "8"])
    assert script.choose("1cycle", args) == (0.1, 8)


def test_every_method_is_run_on_the_same_seeds(quick):
    assert list(quick[0]) == ["constant", "exponential", "1cycle"]
    assert [len(found["runs"]) for found in quick[0].values()] == [2, 2, 2]


@pytest.mark.parametrize("method", script.METHODS)
def test_it_learns(quick, method):
    assert min(run[-1] for run in quick[0][method]["runs"]) > 0.5


def test_the_picture_shows_these_runs_and_no_others(quick, tmp_path):
    results, drawn = quick
    assert colours_in(drawn) == {"tab:blue", "tab:orange", "tab:green"}
    others = {**results, "constant": results["exponential"]}
    script.draw(others, 0.8, tmp_path / "others.png")
    assert unlike(tmp_path / "others.png", drawn) > 0.01


def test_training_and_validation_have_no_image_in_common():
    (x, _), (x_val, _) = script.data(3)
    assert (len(x), len(x_val)) == (1024, 773)
    digits = script.load_digits().data
    together = np.concatenate([x, x_val]) * 16
    np.testing.assert_array_equal(
        np.unique(together, axis=0), np.unique(digits, axis=0)
    )
