import numpy as np
import pytest

from tests.helpers.examples import EXAMPLES
from tests.helpers.examples import load_script
from tests.helpers.pictures import colours_in
from tests.helpers.pictures import unlike

pytestmark = pytest.mark.one_backend

script = load_script(EXAMPLES / "signal_propagation.py")
DEPTH = 6
FIRST_TWO = {
    group: dict(list(pairs.items())[:2])
    for group, pairs in script.GROUPS.items()
}


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """The figure's first two pairs of each group; all pairs are in its run."""
    path = tmp_path_factory.mktemp("quick") / "picture.png"
    arguments = [f"--depth={DEPTH}", "--width=64", "--rows=64", "--seeds=1"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(script, "GROUPS", FIRST_TWO)
        return script.main([*arguments, "--output", str(path)]), path


def test_recommended_pairs_stay_where_they_were(quick):
    found, _ = quick
    assert list(found["recommended"]) == list(FIRST_TWO["recommended"])
    for values in found["recommended"].values():
        assert values.shape == (2, DEPTH)
        assert values.min() > 0.3 and values.max() < 3
        assert values[1, -1] == 1


def test_pairs_that_are_warned_of_do_not(quick):
    shrunk, grown = (values[0] for values in quick[0]["warned of"].values())
    assert shrunk[-1] < 0.4 * shrunk[0] and grown[-1] > 1.5 * grown[0]


def test_lsuv_is_applied():
    args = script.parse(["--quick"])
    args.depth = 3
    signals, _ = script.measure("swish", lambda: script.LSUV, 0, args)
    # Swish makes about 0.56 of a signal of deviation 1.
    np.testing.assert_allclose(signals, 0.58, atol=0.1)


def test_the_picture_shows_these_and_no_others(quick, tmp_path):
    found, drawn = quick
    assert {"tab:blue", "tab:orange"} <= colours_in(drawn)
    others = {
        "recommended": found["warned of"],
        "warned of": found["recommended"],
    }
    script.draw(others, tmp_path / "others.png")
    assert unlike(tmp_path / "others.png", drawn) > 0.01


def test_the_table_is_what_was_measured(quick, capsys):
    script.report(quick[0])
    lines = capsys.readouterr().out.splitlines()
    values = quick[0]["recommended"]["ReLU, He"]
    line = next(line for line in lines if line.startswith("ReLU, He"))
    assert line.split()[2:] == [
        f"{values[what, place]:.2g}"
        for what in (0, 1)
        for place in (0, DEPTH // 2 - 1, DEPTH - 1)
    ]
