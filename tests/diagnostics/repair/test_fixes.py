import numpy as np
import pytest

from keras_trainkit.diagnostics.finding import Repair
from keras_trainkit.diagnostics.repair.fixes import Fixes
from keras_trainkit.diagnostics.repair.trials import Trial

pytestmark = pytest.mark.one_backend


def trial(name, *scores, repairs=(), problem=""):
    credits = [np.full(9, one) for one in scores]
    seconds = [1.5 for _ in scores]
    return Trial(name, repairs, list(scores), seconds, problem, credits=credits)


def fixes(*trials, unchanged=(0.5, 0.5), left_out=(), interrupted=False):
    base = trial("unchanged", *unchanged)
    if not unchanged:
        base.problem = "ValueError: of shapes"
    for one in trials:
        one.compare(base, noiseless=True)
    return Fixes(None, trials, base, left_out, "accuracy", interrupted)


GOOD = (Repair("epochs", 3),)


def test_a_fix_that_helped():
    found = fixes(trial("more", 0.9, 0.8, repairs=GOOD), trial("less", 0.4))
    assert found.helped
    assert found.best == GOOD
    lines = str(found).splitlines()
    assert lines[0] == "Best: more: accuracy 0.500 -> 0.850."
    assert lines[3].split() == [
        *("1", "more", "0.850", "0.071", "+0.350", "0.100", "1.5")
    ]
    assert lines[4].split()[:5] == ["2", "less", "0.400", "1", "seed"]


def test_a_fix_within_the_noise_did_not_help():
    found = fixes(trial("more", 0.9, 0.3, repairs=GOOD))
    assert not found.helped
    assert found.best == ()
    assert str(found).startswith("Nothing helped beyond the noise.")


def test_a_model_that_cannot_be_trained():
    found = fixes(trial("more", 0.9, 0.8, repairs=GOOD), unchanged=())
    assert found.best == GOOD
    text = str(found)
    assert text.splitlines()[0].endswith(
        "the model as it is cannot be trained."
    )
    assert "unchanged: ValueError: of shapes" in text
    assert found.rows()[-1]["problem"] == "ValueError: of shapes"


def test_nothing_is_said_to_help_or_not_where_nothing_was_trained():
    found = fixes(trial("more", problem="OSError: full"), unchanged=())
    assert str(found).startswith("No training came to its end")
    assert not found.helped


def test_what_was_left_out_is_told():
    found = fixes(
        trial("wrong", problem="TypeError: <b>"),
        left_out=["one", "two"],
        interrupted=True,
    )
    text = str(found)
    assert "Not tried for lack of budget: one; two." in text
    assert "Interrupted." in text
    assert "wrong: TypeError: <b>" in text
    assert "TypeError: &lt;b&gt;" in found._repr_html_()


def test_without_any_trial():
    found = fixes(left_out=["one"])
    assert str(found).startswith("Nothing was tried.")
    assert found.best == ()
    assert found.best_model is None
