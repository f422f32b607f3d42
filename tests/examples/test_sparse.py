import numpy as np
import pytest

import keras_trainkit as ktk
from tests.helpers.examples import EXAMPLES
from tests.helpers.examples import load_script
from tests.helpers.pictures import colours_in

script = load_script(EXAMPLES / "sparse.py")
# What it calls is tested on every backend.
pytestmark = pytest.mark.one_backend


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    path = tmp_path_factory.mktemp("quick") / "picture.png"
    return script.main(["--quick", "--output", str(path)]), path


def test_every_way_is_measured_in_both_precisions(quick):
    ways = [("dense", 0.0), *((way, 0.5) for way in script.WAYS)]
    kinds = ("float32", "int8")
    assert set(quick[0]) == {(*way, kind) for way in ways for kind in kinds}
    assert {rows.shape for rows in quick[0].values()} == {(1, 4)}


def test_zeros_make_a_file_compress_and_shrinking_makes_it_smaller(quick):
    _, dense, packed, _ = quick[0]["dense", 0.0, "float32"][0]
    _, pruned, pruned_packed, _ = quick[0]["gradual", 0.5, "float32"][0]
    _, shrunk, _, _ = quick[0]["filters", 0.5, "float32"][0]
    assert pruned == dense
    assert pruned_packed < packed
    assert shrunk < dense


def test_the_picture_shows_every_way(quick):
    colours = {"tab:blue", "tab:orange", "tab:green", "tab:red"}
    assert colours <= colours_in(quick[1])


def test_the_report_names_means_and_quartiles(capsys):
    rows = np.array([[0.9, 1000, 500, 0.5], [0.8, 1000, 300, 0.7]])
    script.report({("gradual", 0.8, "int8"): rows})
    line = capsys.readouterr().out.splitlines()[1]
    assert "0.8500 +- 0.0500" in line
    assert "0.60 (0.55 to 0.65)" in line


def test_images_are_for_training_or_for_testing():
    x, y, held_out, labels = script.split("digits", 0)
    assert (len(x), len(held_out)) == (1198, 599)
    assert (len(y), len(labels)) == (1198, 599)


def test_a_pruned_copy_leaves_its_model_alone():
    model = script.network(4, 8)
    before = [weight.copy() for weight in model.get_weights()]
    copy = script.pruned(model, 0.5)
    assert ktk.compression.sparsity_report(copy).total.zeros > 48
    np.testing.assert_array_equal(model.get_weights()[0], before[0])
