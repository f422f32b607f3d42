import keras
import numpy as np
import pytest

from tests.helpers.examples import EXAMPLES
from tests.helpers.examples import load_script
from tests.helpers.pictures import colours_in
from tests.helpers.pictures import unlike

pytestmark = pytest.mark.two_backends(by="file")
script = load_script(EXAMPLES / "deep_mlp.py")
arithmetic = pytest.mark.one_backend


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    path = tmp_path_factory.mktemp("quick") / "picture.png"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(script, "ARMS", (script.ONE_CYCLE,))
        runs = script.main(["--quick", "--output", str(path)])
    return runs, path


@pytest.fixture
def trained(monkeypatch):
    """Returns what is asked of `train`; the best rate of all is 0.001."""
    asked = []

    def train(arm, rate, data, seed, args):
        asked.append((arm, rate, seed))
        return None, {"validation": -abs(rate - 1e-3)}

    monkeypatch.setattr(script, "train", train)
    return asked


def test_it_learns_under_1cycle_and_is_sampled(quick):
    (run,) = quick[0]
    assert list(run) == [script.ONE_CYCLE, script.ONE_CYCLE + script.SAMPLED]
    # Ten classes.
    assert min(row["accuracy"] for row in run.values()) > 0.25
    assert run[script.ONE_CYCLE]["epochs"] == 2
    assert run[script.ONE_CYCLE]["seconds"] > 0


@arithmetic
def test_others_stop_early_and_keep_their_best_epoch():
    args = script.parse(["--quick"])
    args.epochs, args.patience = 20, 1
    data = script.split("digits", *script.digits(), seed=0)
    # A rate at which nothing gets better for long.
    model, found = script.train(script.NORMALISED, 0.3, data, 0, args)
    assert found["best epoch"] == found["epochs"] - 1 < 19
    p = model.predict(data[1][0], verbose=0)
    assert script.accuracy(p, data[1][1]) == pytest.approx(found["validation"])


def test_the_table_is_the_mean_and_deviation(quick, capsys):
    first = {**quick[0][0][script.ONE_CYCLE], "accuracy": 0.5, "best epoch": 2}
    second = {**first, "accuracy": 0.7, "best epoch": 7}
    runs = [{script.SELU: first}, {script.SELU: second}]
    script.report(runs, script.parse(["--quick"]), {script.SELU: 3e-4})
    line = capsys.readouterr().out.splitlines()[-1].split()
    assert line[:5] == ["SELU", "0.6000", "±", "0.1000", "4.5"]
    assert line[-1] == "0.0003"


@arithmetic
def test_the_picture_shows_these_runs_and_no_others(quick, tmp_path):
    runs, drawn = quick
    assert "tab:blue" in colours_in(drawn)
    first = script.ONE_CYCLE
    others = [{**r, first: {**r[first], "accuracy": 0.0}} for r in runs]
    script.draw(others, "digits", tmp_path / "others.png")
    assert unlike(tmp_path / "others.png", drawn) > 0.01


@arithmetic
def test_the_search_takes_the_best_rate_on_seeds_of_its_own(trained):
    best = script.main(["--search"])
    assert best == dict.fromkeys(script.ARMS, 1e-3)
    assert {seed for *_, seed in trained} == {100, 101}
    assert {rate for _, rate, _ in trained} == set(script.GRID)


@arithmetic
@pytest.mark.parametrize("dataset", script.LOADERS)
def test_every_choice_stands_in_the_file_and_is_of_the_grid(dataset):
    rates = script.RATES[dataset]
    assert tuple(rates) == script.ARMS
    assert set(rates.values()) <= set(script.GRID)


@arithmetic
@pytest.mark.parametrize(
    "arm, kinds, activation, initializer",
    [
        (script.SWISH, ["Dense", "Activation"], "silu", "HeNormal"),
        (
            script.NORMALISED,
            ["Dense", "BatchNormalization", "Activation"],
            "silu",
            "HeNormal",
        ),
        (script.SELU, ["Dense", "Activation"], "selu", "LecunNormal"),
    ],
)
def test_an_arm_is_what_it_says(arm, kinds, activation, initializer):
    model = script.network(arm, 64, layers=2)
    assert [type(one).__name__ for one in model.layers[:-1]] == 2 * kinds
    first = model.layers[0]
    assert first.units == 100
    assert type(first.kernel_initializer).__name__ == initializer
    assert model.layers[len(kinds) - 1].activation.__name__ == activation
    assert first.use_bias == (arm != script.NORMALISED)


@arithmetic
def test_alpha_dropout_is_right_before_the_output():
    model = script.network(script.DROPOUT, 64, layers=2)
    drops = [isinstance(o, keras.layers.AlphaDropout) for o in model.layers]
    assert drops == [False] * 4 + [True, False]


@arithmetic
def test_no_image_is_in_two_sets():
    x, y = script.digits()
    parts = script.split("digits", x, y, seed=0)
    assert [len(labels) for _, labels in parts] == [997, 300, 500]
    images = np.concatenate([images for images, _ in parts])
    # The bundled digits have no two equal images.
    assert len(np.unique(images, axis=0)) == 1797
    train = parts[0][0]
    np.testing.assert_allclose(train.mean(axis=0), 0, atol=1e-5)
    assert np.median(train.std(axis=0)) == pytest.approx(1, abs=1e-2)


@arithmetic
def test_the_test_images_of_cifar10_are_its_own(monkeypatch):
    monkeypatch.setitem(script.HELD_OUT, "cifar10", (50, None))
    y = np.arange(600) % 10
    x = np.arange(600)[:, None] * np.ones((1, 3))
    parts = script.split("cifar10", x, y, seed=0)
    assert [len(labels) for _, labels in parts] == [450, 50, 100]
    # In the order in which they came, which no shuffled set is in.
    assert (np.diff(parts[2][0][:, 0]) > 0).all()
    np.testing.assert_array_equal(parts[2][1], y[500:])
    assert parts[2][0].min() > parts[0][0].max()


@arithmetic
def test_cifar10_is_read_with_its_test_images_last(monkeypatch):
    both = (
        (np.zeros((5, 2, 2, 3)), np.arange(5)[:, None]),
        (np.ones((1, 2, 2, 3)), [[9]]),
    )
    monkeypatch.setattr(keras.datasets.cifar10, "load_data", lambda: both)
    x, y = script.cifar10()
    assert x.shape == (6, 12) and x[-1].all()
    assert y.tolist() == [0, 1, 2, 3, 4, 9]
