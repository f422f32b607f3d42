import numpy as np
import pytest

import keras_trainkit as ktk
from tests.helpers.examples import EXAMPLES
from tests.helpers.examples import load_script
from tests.helpers.pictures import colours_in
from tests.helpers.pictures import unlike

pytestmark = pytest.mark.two_backends(by="file")
script = load_script(EXAMPLES / "one_cycle.py")
arithmetic = pytest.mark.one_backend


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    path = tmp_path_factory.mktemp("quick") / "picture.png"
    return script.main(["--quick", "--output", str(path)]), path


@pytest.fixture
def trained(monkeypatch):
    """Returns what is asked of `train`; the best peak of all is 0.3."""
    asked = []

    def train(name, method, peak, epochs, seed):
        asked.append((method, peak, epochs, seed))
        # Better with every epoch, and after the third best at 0.3.
        return np.arange(1, epochs + 1) - abs(peak - 0.3)

    monkeypatch.setattr(script, "train", train)
    return asked


@arithmetic
def test_a_constant_rate_is_constant_and_alone():
    assert script.rate_and_callbacks("constant", 0.3, 100) == (0.3, [])


@arithmetic
@pytest.mark.parametrize(
    "method, step, expected",
    [
        ("exponential", 0, 0.3),
        ("exponential", 100, 0.003),
        ("cosine with warm-up", 0, 0.0),
        ("cosine with warm-up", 5, 0.15),
        ("cosine with warm-up", 10, 0.3),
        ("cosine with warm-up", 55, 0.15),
        ("cosine with warm-up", 100, 0.0),
    ],
)
def test_a_schedule_has_its_peak_and_its_end(method, step, expected):
    schedule, callbacks = script.rate_and_callbacks(method, 0.3, 100)
    np.testing.assert_allclose(float(schedule(step)), expected, atol=1e-6)
    assert not callbacks


@arithmetic
@pytest.mark.parametrize(
    "method, cycled",
    [("1cycle", True), ("1cycle, momentum fixed", False)],
)
def test_one_cycle_with_and_without_its_momentum(method, cycled):
    rate, (callback,) = script.rate_and_callbacks(method, 0.3, 100)
    assert isinstance(callback, ktk.callbacks.OneCycle)
    assert (rate, callback.max_lr) == (0.3, 0.3)
    assert callback.cycle_momentum is cycled


@arithmetic
def test_a_short_run_at_a_constant_rate_is_the_start_of_a_longer(trained):
    found = script.runs("signals", "constant", 0.3, 3, (0, 1), longest=10)
    assert trained == [("constant", 0.3, 10, seed) for seed in (0, 1)]
    np.testing.assert_array_equal(found, [[1, 2, 3]] * 2)


@arithmetic
def test_a_cycle_is_as_long_as_its_run(trained):
    script.runs("signals", "1cycle", 0.3, 3, (0,), longest=10)
    assert trained == [("1cycle", 0.3, 3, 0)]


@arithmetic
def test_the_search_takes_the_best_peak_on_seeds_of_its_own(trained):
    best = script.main(["--search", "--budgets", "3", "10", "30"])
    assert list(best) == list(script.METHODS)
    assert best["1cycle"] == dict.fromkeys(script.BUDGETS, 0.3)
    assert {seed for *_, seed in trained} == {100, 101}


@arithmetic
@pytest.mark.parametrize("task", ["signals", "digits"])
@pytest.mark.parametrize("method", script.METHODS)
def test_every_choice_stands_in_the_file_and_is_of_the_grid(task, method):
    peaks = script.PEAKS[task][method]
    assert tuple(peaks) == script.BUDGETS
    assert set(peaks.values()) <= set(script.GRID)


@arithmetic
def test_the_constant_rate_has_the_budget_three_times_as_long_too(trained):
    args = script.parse(["--budgets", "10", "--seeds", "2"])
    found = script.compare(args, script.PEAKS["signals"])
    budgets = {method: list(runs) for method, runs in found.items()}
    assert budgets.pop("constant") == [10, 30]
    assert set(map(tuple, budgets.values())) == {(10,)}
    assert {seed for *_, seed in trained} == {0, 1}


@arithmetic
def test_a_third_is_enough_where_it_is_as_good_on_that_seed(capsys):
    constant = {3: np.zeros((2, 3)), 10: np.full((2, 10), 0.5)}
    constant[10][:, 4] = 0.6
    others = {3: np.array([[0, 0, 0.5], [0, 1, 0.6]])}
    found = {method: others for method in script.METHODS[1:]}
    script.report_thirds({"constant": constant, **found})
    lines = capsys.readouterr().out.splitlines()
    assert "after 10 (0.5000), or in its best epoch (0.6000)" in lines[0]
    assert "0.5500   on 2 of 2 seeds, or 1" in lines[3]


@arithmetic
def test_budgets_that_are_not_three_times_each_other_are_not_compared(
    trained, capsys
):
    args = script.parse(["--budgets", "3", "30", "--seeds", "1"])
    script.report_thirds(script.compare(args, script.PEAKS["signals"]))
    said = capsys.readouterr().out
    assert "after 3 epochs as good as the constant rate after 10" in said
    assert "after 10 epochs" not in said


def test_every_method_runs_for_its_budget(quick):
    shapes = {
        method: [accuracies.shape for accuracies in by_budget.values()]
        for method, by_budget in quick[0].items()
    }
    assert list(shapes) == list(script.METHODS)
    assert shapes.pop("constant") == [(1, 1), (1, 3)]
    assert set(map(tuple, shapes.values())) == {((1, 1),)}


def test_the_constant_rate_learns(quick):
    # Ten classes.
    assert quick[0]["constant"][3][0, -1] > 0.25


def test_the_picture_shows_these_runs_and_no_others(quick, tmp_path):
    found, drawn = quick
    assert {"tab:blue", "tab:orange", "tab:red"} <= colours_in(drawn)
    reversed_runs = {
        epochs: accuracies[:, ::-1]
        for epochs, accuracies in found["constant"].items()
    }
    others = {**found, "constant": reversed_runs}
    script.draw(others, "quick", tmp_path / "others.png")
    assert unlike(tmp_path / "others.png", drawn) > 0.01
