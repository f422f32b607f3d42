import numpy as np
import pytest

from tests.helpers.examples import ROOT
from tests.helpers.examples import load_script
from tests.helpers.pictures import unlike

# The curves are the same on every backend: test_one_cycle.py of callbacks.
pytestmark = pytest.mark.one_backend
script = load_script(ROOT / "docs" / "images" / "draw_readme_figure.py")
COMMITTED = ROOT / "docs" / "images" / script.NAME


@pytest.fixture(scope="module")
def drawn():
    return script.curves_and_stages(script.run())


def test_the_stage_lowers_the_rate_of_one_cycle(drawn):
    curves, stages = drawn
    rate, stage = curves["learning_rate"], list(stages)[1]
    # Ten epochs of sixteen steps, the stage in epoch 4.
    assert (len(rate), stage) == (160, 64)
    peak = int(0.45 * len(rate)) - 1
    # On the way up until the stage, at a tenth of the peak after it.
    assert (np.diff(rate[:stage]) > 0).all()
    np.testing.assert_allclose(rate[peak], 0.005)
    np.testing.assert_allclose(curves["momentum"][peak], 0.85)


def test_it_draws_the_committed_picture(drawn, tmp_path):
    path = script.draw(*drawn, tmp_path)
    assert unlike(path, COMMITTED) < 0.01
    assert max(path.stat().st_size, COMMITTED.stat().st_size) < 100_000


@pytest.mark.parametrize(
    "name, change",
    [
        ("learning_rate", lambda values: 1.2 * values),
        ("learning_rate", lambda values: np.roll(values, 6)),
        ("momentum", lambda values: np.maximum(values, 0.86)),
    ],
    ids=["higher", "later", "cut off"],
)
def test_the_picture_of_another_curve_is_told_apart(
    name, change, drawn, tmp_path
):
    curves, stages = drawn
    other = {**curves, name: change(np.asarray(curves[name]))}
    assert unlike(script.draw(other, stages, tmp_path), COMMITTED) > 0.01


@pytest.mark.parametrize(
    "arguments",
    [((8, 8, 3), True, "avg"), ((8, 8, 3), False, "max")],
    ids=["with a head", "another pooling"],
)
def test_the_stand_in_stands_in_for_no_other_backbone(arguments):
    with pytest.raises(ValueError, match="no head, and average pooling"):
        script.backbone(*arguments)
