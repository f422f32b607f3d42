"""The workflow calls sessions that there are, on backends that there are."""

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.one_backend
ROOT = Path(__file__).parents[2]
WORKFLOW = (ROOT / ".github/workflows/ci.yml").read_text("utf-8")
NOXFILE = (ROOT / "noxfile.py").read_text("utf-8")


def sessions():
    """Names of all sessions, as `nox -s` takes them."""
    found = re.findall(
        r"^@nox\.session(?:\(.*?name=\"(\w+)\".*?\))?.*?\ndef (\w+)",
        NOXFILE,
        re.M,
    )
    return {named or function for named, function in found}


def called():
    return set(re.findall(r"python -m nox -s (\w+)", WORKFLOW))


def test_it_calls_sessions_that_there_are():
    assert called() <= sessions()


def test_it_calls_all_that_nox_runs_by_default():
    default = re.search(r"options\.sessions = \[(.+?)\]", NOXFILE, re.S)[1]
    assert set(re.findall(r"\"(\w+)\"", default)) <= called()


def test_it_runs_all_three_backends():
    matrix = re.search(r"backend: \[(.+)\]", WORKFLOW)[1]
    backends = re.search(r"^BACKENDS = \((.+)\)", NOXFILE, re.M)[1]
    assert set(re.findall(r"\w+", matrix)) == set(re.findall(r"\w+", backends))


def test_it_may_read_and_nothing_else():
    assert "permissions:\n  contents: read\n" in WORKFLOW
    assert "secrets." not in WORKFLOW
