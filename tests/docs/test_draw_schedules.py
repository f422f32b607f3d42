import numpy as np
import pytest

from tests.helpers.examples import ROOT
from tests.helpers.examples import load_script
from tests.helpers.pictures import unlike

pytestmark = pytest.mark.one_backend
script = load_script(ROOT / "docs" / "images" / "draw_schedules.py")
COMMITTED = ROOT / "docs" / "images" / script.NAME
STEP = np.arange(script.STEPS)

EXPECTED = {
    "power": 0.1 / (1 + STEP / 20),
    "exponential": 0.1 * 0.1 ** (STEP / 40),
    "piecewise constant": np.select(
        [STEP <= 30, STEP <= 70], [0.1, 0.05], default=0.01
    ),
    "cosine": 0.05 * (1 + np.cos(np.pi * STEP / 100)),
}


@pytest.fixture(scope="module")
def curves():
    return script.curves()


@pytest.mark.parametrize("name", EXPECTED)
def test_a_curve_is_its_formula(name, curves):
    np.testing.assert_allclose(curves[name], EXPECTED[name], atol=1e-7)


def test_performance_halves_the_rate(curves):
    rates = curves["performance"]
    changes = rates[1:][np.diff(rates) != 0] / rates[:-1][np.diff(rates) != 0]
    np.testing.assert_allclose(changes, [0.5] * 4, rtol=1e-6)


def test_it_draws_the_committed_picture(curves, monkeypatch, tmp_path):
    monkeypatch.setattr(script, "curves", lambda: curves)
    drawn = script.main(tmp_path)
    assert unlike(drawn, COMMITTED) < 0.01
    assert max(drawn.stat().st_size, COMMITTED.stat().st_size) < 100_000


def test_the_picture_of_another_curve_is_told_apart(
    curves, monkeypatch, tmp_path
):
    other = {**curves, "cosine": 0.9 * curves["cosine"]}
    monkeypatch.setattr(script, "curves", lambda: other)
    assert unlike(script.main(tmp_path), COMMITTED) > 0.01
