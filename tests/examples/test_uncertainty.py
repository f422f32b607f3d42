import numpy as np
import pytest

from tests.helpers.examples import EXAMPLES
from tests.helpers.examples import load_script
from tests.helpers.pictures import colours_in
from tests.helpers.pictures import unlike

pytestmark = pytest.mark.two_backends(by="file")
script = load_script(EXAMPLES / "uncertainty.py")

PLAIN, SAMPLED = script.ARMS[::2], script.ARMS[1::2]


def run_quickly(tmp_path_factory, name, *arguments):
    path = tmp_path_factory.mktemp(name) / "picture.png"
    return script.main(["--quick", "--output", str(path), *arguments]), path


@pytest.fixture(scope="module")
def networks():
    """Trains once on the same images: the noise is not in them."""
    train, trained = script.train, {}

    def train_once(activation, data, args):
        key = activation, data[0].tobytes()
        if key not in trained:
            trained[key] = train(activation, data, args)
        return trained[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(script, "train", train_once)
        yield trained


@pytest.fixture(scope="module")
def quick(tmp_path_factory, networks):
    return run_quickly(tmp_path_factory, "quick")


@pytest.fixture(scope="module")
def noiseless(tmp_path_factory, quick, networks):
    arguments = ["--noise", "0", "--seeds", "1"]
    runs, _ = run_quickly(tmp_path_factory, "noiseless", *arguments)
    assert len(networks) == 4  # none of them is new: two for each seed
    return runs


@pytest.fixture(scope="module")
def data():
    args = script.parse(["--train", "300"])
    return script.split(*script.load("digits"), seed=0, args=args)


@pytest.mark.parametrize("arm", script.ARMS)
def test_it_learns_and_tells_the_unseen(quick, arm):
    runs, _ = quick
    assert min(run[arm]["clean"][0] for run in runs) > 0.8
    noisy, unseen = np.mean([r[arm]["AUROC"]["entropy"] for r in runs], axis=0)
    assert min(noisy, unseen) > 0.7


@pytest.mark.parametrize("arm", PLAIN)
def test_noise_that_is_none_is_told_by_a_coin(noiseless, arm):
    found = noiseless[0][arm]
    assert found["AUROC"]["entropy"][0] == pytest.approx(0.5)
    assert found["clean"] == found["noisy"]


@pytest.mark.parametrize("arm", SAMPLED)
def test_noise_that_is_none_is_told_by_chance_when_sampled(noiseless, arm):
    # Other masks for the same image; about 940 of each: a deviation of 0.013.
    assert noiseless[0][arm]["AUROC"]["entropy"][0] == pytest.approx(
        0.5, abs=0.05
    )


def test_only_sampled_predictions_have_information(quick):
    scores = [list(quick[0][0][arm]["AUROC"]) for arm in script.ARMS]
    both = ["entropy", "by information"]
    assert scores == [["entropy"], both, ["entropy"], both]


def test_the_picture_shows_these_runs_and_no_others(quick, tmp_path):
    runs, drawn = quick
    four = {"tab:blue", "tab:orange", "tab:green", "tab:red"}
    assert colours_in(drawn) == four
    first, second = script.ARMS[:2]
    others = [{**run, first: run[second], second: run[first]} for run in runs]
    script.draw(others, script.ARMS, script.REJECTED, tmp_path / "others.png")
    assert unlike(tmp_path / "others.png", drawn) > 0.01


def test_the_table_is_the_mean_and_deviation(quick, capsys):
    runs = quick[0]
    script.report(runs, script.parse(["--quick"]))
    lines = capsys.readouterr().out.splitlines()
    values = [run["MC dropout"]["clean"][0] for run in runs]
    line = next(line for line in lines if "MC dropout" in line).split()
    expected = [f"{np.mean(values):.3f}", "±", f"{np.std(values):.3f}"]
    assert line[2:5] == expected


def test_no_image_is_in_two_sets(data):
    images = [data[name][0].reshape((-1, 64)) for name in ("train", "clean")]
    images.append(data["unseen"][0].reshape((-1, 64)))
    assert len(images[0]) == 300
    together = np.concatenate(images)
    assert len(together) == 1797
    # The bundled digits have no two equal images.
    assert len(np.unique(together, axis=0)) == 1797


def test_noisy_images_are_the_clean_ones_in_the_same_order(data):
    (clean, y), (noisy, labels) = data["clean"], data["noisy"]
    np.testing.assert_array_equal(y, labels)
    moved = [np.abs(noisy - x).mean() for x in (clean, clean[::-1])]
    assert 0 < moved[0] < moved[1]


def test_the_classes_that_are_left_out_are_not_trained_on(data):
    assert sorted(np.unique(data["train"][1])) == list(range(8))
    assert data["unseen"][1] is None


def test_areas_are_those_of_a_known_order():
    uncertainty = {"clean": [1, 2, 3], "noisy": [4, 5], "unseen": [0, 2.5]}
    assert script.told_apart(uncertainty) == [1.0, pytest.approx(2 / 6)]


def test_the_most_uncertain_are_rejected_first():
    right = np.array([True, False, True, False])
    doubt = np.array([0.1, 0.9, 0.2, 0.3])
    rest = script.accuracy_of_the_rest(right, doubt, [0, 0.25, 0.5])
    np.testing.assert_allclose(rest, [0.5, 2 / 3, 1.0])
