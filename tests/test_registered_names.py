"""Keras finds each class of the package again by the name in its files.

Two classes registered under one name: files of the first bring back the second.
"""

import importlib
import inspect
import pkgutil

import keras
import pytest

import keras_trainkit

pytestmark = pytest.mark.one_backend


def things():
    """Yields each class and function that a module of the package defines."""
    for module in pkgutil.walk_packages(
        keras_trainkit.__path__, "keras_trainkit."
    ):
        if module.name.endswith("__main__"):
            continue
        for thing in vars(importlib.import_module(module.name)).values():
            defined = getattr(thing, "__module__", None) == module.name
            if defined and (inspect.isclass(thing) or inspect.isroutine(thing)):
                yield thing


def test_no_two_share_a_name():
    names = {}
    for thing in things():
        name = keras.saving.get_registered_name(thing)
        if name.startswith("keras_trainkit>"):
            names.setdefault(name, set()).add(thing)
    assert len(names) > 30
    assert not {name: found for name, found in names.items() if len(found) > 1}
    for name, (thing,) in names.items():
        assert keras.saving.get_registered_object(name) is thing
