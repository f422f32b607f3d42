"""No old name outlives the version that it was to be removed in."""

from pathlib import Path

import pytest

import keras_trainkit
from keras_trainkit.kernels.deprecation import renamed
from tests.helpers import deprecations

pytestmark = pytest.mark.one_backend
PACKAGE = Path(keras_trainkit.__file__).parent
OWN = PACKAGE / "kernels" / "deprecation"

PLANTED = """\
from keras_trainkit.kernels.deprecation import renamed
from keras_trainkit.kernels.deprecation.renamed import renamed_argument

Old = renamed.renamed_class(
    "Old", New, folder="layers", since="0.1", removed_in="0.3"
)


@renamed_argument("lr", "rate", since="0.2", removed_in="0.4")
def f(rate): ...


hidden = renamed_argument("a", "b", since="0.2", removed_in=LATER)
"""


def old_names():
    return [
        one
        for path in sorted(PACKAGE.rglob("*.py"))
        if OWN not in path.parents
        # Reading the tree of every file takes seconds.
        and "deprecation" in (text := path.read_text("utf-8"))
        for one in deprecations.removals(
            path.relative_to(PACKAGE).as_posix(), text
        )
    ]


def test_none_is_overdue():
    assert deprecations.overdue(old_names(), keras_trainkit.__version__) == []


@pytest.mark.parametrize(
    "version, places",
    [
        ("0.2.5", ["a.py:13"]),
        ("0.3.0", ["a.py:4", "a.py:13"]),
        ("1.0", ["a.py:4", "a.py:9", "a.py:13"]),
    ],
)
def test_a_planted_one_is_found(version, places):
    found = deprecations.overdue(
        deprecations.removals("a.py", PLANTED), version
    )
    assert sorted(found, key=lambda place: int(place[5:])) == places


def test_every_way_to_keep_an_old_name_is_looked_for():
    public = {
        name
        for name, thing in vars(renamed).items()
        if getattr(thing, "__module__", None) == renamed.__name__
    }
    assert public == deprecations.MAKERS
