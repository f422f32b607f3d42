"""The site reads from the source text what an import would show."""

import ast
import inspect

import pytest

from tests.helpers import docstrings
from tests.helpers.examples import ROOT
from tests.helpers.examples import load_script

pytestmark = pytest.mark.one_backend
NAMES = load_script(ROOT / "docs" / "site" / "sources.py").public_names()
EXPORTED = docstrings.exported()


def parameters(signature):
    """Returns the names in `signature`, a string such as `"(x, *, y=1)"`."""
    made = ast.parse(f"def made{signature}: pass").body[0].args
    single = [arg for arg in (made.vararg, made.kwarg) if arg]
    every = [*made.posonlyargs, *made.args, *made.kwonlyargs, *single]
    return {arg.arg for arg in every}


def test_every_public_name_is_read():
    assert set(NAMES) == set(EXPORTED)


@pytest.mark.parametrize("name", EXPORTED)
def test_the_docstring_is_that_of_the_object(name):
    assert NAMES[name].docstring == inspect.getdoc(EXPORTED[name])


@pytest.mark.parametrize("name", EXPORTED)
def test_a_caller_passes_these_arguments(name):
    thing, one = EXPORTED[name], NAMES[name]
    called = thing.__init__ if inspect.isclass(thing) else thing
    expected = set(inspect.signature(called).parameters) - {"self"}
    assert parameters(one.signature()) == expected
