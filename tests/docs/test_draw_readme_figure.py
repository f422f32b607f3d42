import numpy as np

from tests.helpers.examples import ROOT
from tests.helpers.examples import load_script

script = load_script(ROOT / "docs" / "images" / "draw_readme_figure.py")
COMMITTED = ROOT / "docs" / "images" / script.NAME


def test_the_stage_lowers_the_rate_of_one_cycle():
    curves = script.run()
    rate, stage = curves["learning_rate"], script.STAGE * script.STEPS
    assert len(rate) == script.EPOCHS * script.STEPS
    peak = int(0.45 * len(rate)) - 1
    # On the way up until the stage, at a tenth of the peak after it.
    assert (np.diff(rate[:stage]) > 0).all()
    np.testing.assert_allclose(rate[peak], 0.01)
    np.testing.assert_allclose(curves["momentum"][peak], 0.85)


def test_it_draws_a_small_picture_as_the_committed_one(tmp_path):
    drawn = script.main(tmp_path)
    assert drawn.read_bytes().startswith(b"\x89PNG")
    assert max(drawn.stat().st_size, COMMITTED.stat().st_size) < 100_000
