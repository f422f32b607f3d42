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
def curves():
    return script.run()


def test_the_stage_lowers_the_rate_of_one_cycle(curves):
    rate, stage = curves["learning_rate"], script.STAGE * script.STEPS
    assert len(rate) == script.EPOCHS * script.STEPS
    peak = int(0.45 * len(rate)) - 1
    # On the way up until the stage, at a tenth of the peak after it.
    assert (np.diff(rate[:stage]) > 0).all()
    np.testing.assert_allclose(rate[peak], 0.01)
    np.testing.assert_allclose(curves["momentum"][peak], 0.85)


def test_it_draws_the_committed_picture(curves, monkeypatch, tmp_path):
    monkeypatch.setattr(script, "run", lambda: curves)
    drawn = script.main(tmp_path)
    assert unlike(drawn, COMMITTED) < 0.01
    assert max(drawn.stat().st_size, COMMITTED.stat().st_size) < 100_000


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
    name, change, curves, monkeypatch, tmp_path
):
    other = {**curves, name: change(np.asarray(curves[name]))}
    monkeypatch.setattr(script, "run", lambda: other)
    assert unlike(script.main(tmp_path), COMMITTED) > 0.01
