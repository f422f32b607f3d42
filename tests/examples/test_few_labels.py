import numpy as np
import pytest

from tests.helpers.examples import EXAMPLES
from tests.helpers.examples import load_script
from tests.helpers.pictures import unlike

script = load_script(EXAMPLES / "few_labels.py")
# How an encoder is pretrained is tested on every backend elsewhere.
pytestmark = pytest.mark.one_backend
LABELS = 20


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    path = tmp_path_factory.mktemp("quick") / "picture.png"
    arguments = ["--quick", "--seeds", "2", "--labels", str(LABELS)]
    return *script.main([*arguments, "--output", str(path)]), path


@pytest.fixture(scope="module")
def divided():
    return script.divided(3, script.parse([]))


@pytest.mark.parametrize("part", script.PARTS)
@pytest.mark.parametrize("arm", script.ARMS)
def test_each_arm_learns(quick, arm, part):
    found = quick[1][part][arm][LABELS]
    assert found.shape == (2,)
    assert (found > 0.2).all()


@pytest.mark.parametrize("arm", ["autoencoder", "masked", "rotations"])
def test_the_encoder_alone_is_pretrained(quick, arm):
    weights = quick[0].starts[0]["weights"]
    same = [
        np.array_equal(one, other)
        for one, other in zip(weights[arm], weights["supervised"], strict=True)
    ]
    assert same == [False] * 6 + [True] * 2


def test_the_head_alone_sees_what_the_encoder_returns(quick):
    start = quick[0].starts[1]
    model = script.encoder()
    model.set_weights(start["weights"]["masked"][:-2])
    expected = model.predict(start["data"]["x to test"], verbose=0)
    found = start["features"]["masked"]["x to test"]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_no_tested_image_is_learnt_from(divided):
    learnt = {image.tobytes() for image in divided["x"]}
    # Four of the images are in scikit-learn's data twice.
    tested = [image.tobytes() in learnt for image in divided["x to test"]]
    assert len(divided["x"]) == 1437 and sum(tested) <= 4


@pytest.mark.parametrize("labels", [1, 20])
def test_so_many_of_each_class_are_labelled(divided, labels):
    few = divided["y"][divided["place"] < labels]
    assert np.bincount(few).tolist() == [labels] * 10


def test_shuffled_labels_tell_nothing():
    shuffled = script.divided(3, script.parse(["--shuffle-labels"]))
    straight = script.divided(3, script.parse([]))
    np.testing.assert_array_equal(shuffled["x"], straight["x"])
    same = np.mean(shuffled["y"] == straight["y"])
    assert abs(same - 0.1) < 5 * (0.09 / 1437) ** 0.5


def test_the_table_is_the_mean_and_its_error(capsys):
    values = np.array([0.5, 0.7, 0.6])
    by_arm = {"supervised": {3: values - 0.25}, "masked": {3: values}}
    script.report({"all": by_arm}, script.parse(["--labels", "3"]))
    printed = capsys.readouterr().out
    assert "| supervised | 0.350 ± 0.058 |\n" in printed
    assert "| masked | **0.600 ± 0.058** |\n" in printed
    assert "| masked | +0.250 ± 0.000 |\n" in printed


def test_one_seed_has_no_standard_error(capsys):
    with pytest.raises(SystemExit):
        script.parse(["--seeds", "1"])
    assert "--seeds must be at least 2" in capsys.readouterr().err


def test_the_picture_shows_these_accuracies_and_no_others(quick, tmp_path):
    _, found, drawn = quick
    script.draw(found, tmp_path / "again.png")
    assert unlike(tmp_path / "again.png", drawn) == 0
    others = {**found, "head": found["all"]}
    script.draw(others, tmp_path / "others.png")
    assert unlike(tmp_path / "others.png", drawn) > 0.01
