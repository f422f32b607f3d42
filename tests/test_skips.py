"""The keeper of skips, run on planted tests in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers import skips

pytestmark = pytest.mark.one_backend
ROOT = Path(__file__).parents[1]
LISTED = "torch oracle: torch is not installed"

CASES = {
    "a listed skip": (f"pytest.skip({LISTED!r})", True),
    "an unlisted skip": ("pytest.skip('no time')", False),
    "an unlisted import": (
        "pytest.importorskip('nowhere', reason='no nowhere')",
        False,
    ),
    "an unlisted xfail": ("pytest.xfail('some day')", False),
    "a listed xfail": (f"pytest.xfail({LISTED!r})", True),
    "no skip": ("pass", True),
}


def run_planted(tmp_path, body, strict, *options):
    planted = tmp_path / "test_planted.py"
    planted.write_text(f"import pytest\n\ndef test_it():\n    {body}\n")
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.helpers.skips"]
        + ["-p", "no:cacheprovider", "--rootdir", tmp_path, planted]
        + [*options],
        env={**os.environ, "KTK_STRICT_SKIPS": strict, "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("body, passes", CASES.values(), ids=CASES)
def test_a_strict_session_fails_for_unlisted_reasons(tmp_path, body, passes):
    done = run_planted(tmp_path, body, strict="1")
    assert (done.returncode == 0) == passes, done.stdout
    assert ("skips that are not listed" in done.stdout) != passes


def test_a_plain_session_lets_unlisted_reasons_pass(tmp_path):
    done = run_planted(tmp_path, "pytest.skip('no time')", strict="0")
    assert done.returncode == 0, done.stdout


def test_comments_and_blank_lines_are_no_reasons():
    assert skips.allowed_reasons("# why\n\n a reason \n") == {"a reason"}
