"""Every example in a docstring runs and prints what it says."""

import doctest
import importlib
import pkgutil

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from tests.helpers import docstrings
from tests.helpers.pages import OPTIONS


def examples():
    """Returns the package's examples by dotted name, one per docstring."""
    names = ["keras_trainkit"] + [
        module.name
        for module in pkgutil.walk_packages(ktk.__path__, "keras_trainkit.")
    ]
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = {}
    for name in names:
        for test in finder.find(importlib.import_module(name)):
            found[test.name.removeprefix("keras_trainkit.")] = test
    return {name: test for name, test in found.items() if test.examples}


EXAMPLES = examples()
EXPORTED = docstrings.exported()


def failures(test):
    """Runs one example; returns what doctest has to say against it."""
    said = []
    test.globs = {"keras": keras, "ktk": ktk, "np": np}
    doctest.DocTestRunner(optionflags=OPTIONS).run(test, out=said.append)
    return "".join(said)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_example_prints_what_it_says(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert failures(EXAMPLES[name]) == ""


@pytest.mark.one_backend
@pytest.mark.parametrize("name", EXPORTED)
def test_what_is_public_has_an_example(name):
    test = doctest.DocTestFinder(recurse=False).find(EXPORTED[name], name)
    assert test and test[0].examples


@pytest.mark.parametrize(
    "text, passes",
    [
        (">>> keras.ops.shape(np.zeros((2, 3)))\n(2, 3)\n", True),
        (">>> 1 + 1\n3\n", False),
        (">>> ktk.nothing\n", False),
    ],
)
def test_a_planted_example_is_run(text, passes):
    parser = doctest.DocTestParser()
    test = parser.get_doctest(text, {}, "planted", None, 0)
    assert (failures(test) == "") == passes
