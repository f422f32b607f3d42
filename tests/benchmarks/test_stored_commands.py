"""The command that a stored table gives is one that its script takes."""

import argparse
import json
import runpy
import shlex
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.one_backend
ROOT = Path(__file__).parents[2]
COMMANDS = sorted(
    {
        command
        for path in (ROOT / "benchmarks" / "results").glob("*.json")
        for table in json.loads(path.read_text("utf-8"))
        for command in table["commands"]
    }
)
# Name of a variable that a command sets, and what it may be.
VARIABLES = {
    "KERAS_BACKEND": ("tensorflow", "jax", "torch"),
    "BENCHMARK_CLOCK": ("wall", "processor"),
    "BENCHMARK_ABSOLUTE": ("1",),
}


class Understood(Exception):
    """The arguments have been read; nothing has been measured."""


@pytest.fixture
def reads_only(monkeypatch):
    """Lets a script that is run end when it has read its arguments."""
    plain = argparse.ArgumentParser.parse_args

    def parse_args(parser, *args, **kwargs):
        plain(parser, *args, **kwargs)
        raise Understood

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse_args)
    # What a script finds where it is started by its path: its own folder, and
    # what is installed.
    before = set(sys.modules)
    own = [one for one in sys.path if Path(one or ".").resolve() != ROOT]
    monkeypatch.setattr(sys, "path", own)
    yield monkeypatch
    for name in set(sys.modules) - before:
        path = getattr(sys.modules[name], "__file__", None) or ""
        if Path(path).parent.parent == ROOT:
            del sys.modules[name]


def split(command):
    """Returns the variables of a command, its script and the rest."""
    words = shlex.split(command)
    at = words.index("python")
    return [word.split("=") for word in words[:at]], *words[at + 1 :]


@pytest.mark.parametrize("command", COMMANDS)
def test_the_script_understands_it(command, reads_only):
    variables, script, *arguments = split(command)
    assert [v for n, v in variables if v not in VARIABLES.get(n, ())] == []
    path = ROOT / script
    sys.path.insert(0, str(path.parent))
    reads_only.setattr(sys, "argv", [str(path), *arguments])
    with pytest.raises(Understood):
        runpy.run_path(str(path), run_name="__main__")


def test_a_planted_argument_is_not_understood(reads_only):
    path = ROOT / "benchmarks" / "fold.py"
    sys.path.insert(0, str(path.parent))
    reads_only.setattr(sys, "argv", [str(path), "no such part"])
    with pytest.raises(SystemExit):
        runpy.run_path(str(path), run_name="__main__")
