"""The floors, the explicit exports, the docstrings and the mirrored tests.

The rules are in `tests/helpers/floor_rules.py`, `mirrored_tests.py`,
`docstrings.py` and `documented_arguments.py`; each has a planted violation.
"""

from pathlib import Path

import pytest

from tests.helpers import docstrings
from tests.helpers import documented_arguments
from tests.helpers import floor_rules
from tests.helpers import mirrored_tests

pytestmark = pytest.mark.one_backend
ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / floor_rules.PACKAGE
SOURCES = {
    path.relative_to(PACKAGE).as_posix(): path.read_text("utf-8")
    for path in sorted(PACKAGE.rglob("*.py"))
}
MODULES = {floor_rules.module_name(path) for path in SOURCES}
SUBPACKAGES = sorted({floor_rules.folder(path) for path in SOURCES} - {""})
TESTS = sorted(
    path.relative_to(ROOT / "tests").as_posix()
    for path in (ROOT / "tests").rglob("test_*.py")
)
EXPORTED = docstrings.exported()

PLANTED = {
    "a floor above": (
        "kernels/a.py",
        "from keras_trainkit.layers.rrelu import RReLU",
        "own floor or above",
    ),
    "its own floor": (
        "layers/a.py",
        "import keras_trainkit.constraints.chain",
        "own floor or above",
    ),
    "inside a function": (
        "models/a.py",
        "def f():\n    from keras_trainkit.scheduling import x",
        "own floor or above",
    ),
    "the package itself": ("layers/a.py", "import keras_trainkit", "no floor"),
    "a relative import": ("layers/a.py", "from . import b", "relatively"),
    "keras.src": ("layers/a.py", "from keras.src import tree", "only backend/"),
    "keras.src as a name": (
        "layers/a.py",
        "def f():\n    from keras import src",
        "only backend/",
    ),
    "a backend": (
        "callbacks/a.py",
        "def f():\n    import jax.numpy",
        "only backend/",
    ),
    "asking the backend": (
        "callbacks/a.py",
        "import keras\nif keras.backend.backend() == 'jax': pass",
        "asks keras.backend.backend",
    ),
    "asking through the config": (
        "callbacks/a.py",
        "from keras.config import backend",
        "asks keras.config.backend",
    ),
    "a private of Keras": (
        "callbacks/a.py",
        "def f(model):\n    return model.optimizer._iterations",
        "touches model.optimizer._iterations",
    ),
    "a private in a string": (
        "sampling/a.py",
        "def f(layer):\n    return vars(layer)['_dropout_mask']",
        "names '_dropout_mask'",
    ),
    "keras.src in a string": (
        "sampling/a.py",
        "KNOWN = ('keras.src.layers.',)",
        "names 'keras.src.layers.'",
    ),
    "matplotlib at module level": (
        "plots/a.py",
        "import matplotlib.pyplot as plt",
        "at module level",
    ),
    "sklearn under a condition": (
        "callbacks/a.py",
        "if True:\n    from sklearn import datasets",
        "at module level",
    ),
    "an assert": ("layers/a.py", "assert True", "asserts in line 1"),
    "no __all__": (
        "layers/__init__.py",
        "from keras_trainkit.layers.a import A",
        "no explicit __all__",
    ),
    "an __all__ that is computed": (
        "layers/__init__.py",
        "__all__ = dir()",
        "no explicit __all__",
    ),
    "an __all__ that forgets": (
        "layers/__init__.py",
        "from keras_trainkit.layers.a import A\n__all__ = []",
        "differ in ['A']",
    ),
    "an __init__ that works": (
        "layers/__init__.py",
        "def f(): pass\n__all__ = []",
        "more than re-export",
    ),
}

HARMLESS = {
    "a floor below": ("callbacks/a.py", "import keras_trainkit.backend.x"),
    "its own folder": ("layers/a.py", "from keras_trainkit.layers.b import B"),
    "a backend in backend/": ("backend/a.py", "import jax\nimport keras.src"),
    "matplotlib in a function": (
        "plots/a.py",
        "def f():\n    import matplotlib",
    ),
    "a name of our own in a string": (
        "scheduling/a.py",
        "_ATTRIBUTE = '_keras_trainkit_control'",
    ),
    "a docstring that explains a private": (
        "sampling/a.py",
        'def f():\n    """_iterations"""',
    ),
    "the root's imports": (
        "__init__.py",
        "from keras_trainkit import layers\n__all__ = ['layers']",
    ),
}


@pytest.mark.parametrize("path, source, why", PLANTED.values(), ids=PLANTED)
def test_a_planted_violation_is_found(path, source, why):
    found = floor_rules.violations(path, source)
    assert [why in sentence for sentence in found] == [True], found


@pytest.mark.parametrize("path, source", HARMLESS.values(), ids=HARMLESS)
def test_what_is_allowed_is_let_through(path, source):
    assert floor_rules.violations(path, source, {"keras_trainkit.layers"}) == []


@pytest.mark.parametrize("path", SOURCES)
def test_the_file_keeps_the_rules(path):
    assert floor_rules.violations(path, SOURCES[path], MODULES) == []


def test_a_planted_circle_is_found():
    sources = {
        "layers/a.py": "from keras_trainkit.layers import b",
        "layers/b.py": "def f():\n    from keras_trainkit.layers.c import C",
        "layers/c.py": "import keras_trainkit.layers.a",
    }
    found = floor_rules.circle(sources)
    assert found[0] == found[-1] and len(found) == 4


def test_the_package_has_no_circle():
    assert floor_rules.circle(SOURCES) == []


@pytest.mark.parametrize("name", SUBPACKAGES)
def test_the_folder_has_a_floor(name):
    assert name in floor_rules.FLOORS


def test_every_module_has_its_test():
    assert mirrored_tests.untested(SOURCES, TESTS) == []


def test_every_test_of_a_folder_has_its_module():
    assert mirrored_tests.orphans(SOURCES, TESTS) == []


LONG, SHORT = "x = 1\n" * 40, "x = 1\n"
CALLER = "from keras_trainkit.models.a import x\n"

UNTESTED = {
    "a long module": ({"models/a.py": LONG}, ["models/test_b.py"]),
    "a test in another folder": ({"models/a.py": LONG}, ["layers/test_a.py"]),
    "a long module that serves": (
        {"models/a.py": LONG, "layers/b.py": CALLER},
        ["layers/test_b.py"],
    ),
    "a short module that serves nothing": (
        {"models/a.py": SHORT, "layers/b.py": SHORT},
        ["layers/test_b.py"],
    ),
    "a short module that serves what is untested": (
        {"models/a.py": SHORT, "models/c.py": CALLER},
        [],
    ),
}

TESTED = {
    "a test of the same name": ({"models/a.py": LONG}, ["models/test_a.py"]),
    "tests by subject": ({"models/a.py": LONG}, ["models/test_a_file.py"]),
    "a short module that serves": (
        {"models/a.py": SHORT, "layers/b.py": CALLER},
        ["layers/test_b.py"],
    ),
    "no module": ({"models/__init__.py": LONG, "version.py": LONG}, []),
}


@pytest.mark.parametrize("sources, tests", UNTESTED.values(), ids=UNTESTED)
def test_a_planted_module_without_a_test_is_found(sources, tests):
    assert "models/a.py" in mirrored_tests.untested(sources, tests)


@pytest.mark.parametrize("sources, tests", TESTED.values(), ids=TESTED)
def test_a_tested_module_is_let_through(sources, tests):
    assert mirrored_tests.untested(sources, tests) == []


def test_a_planted_test_without_a_module_is_found():
    tests = ["models/test_a.py", "models/test_ab.py", "docs/test_index.py"]
    found = mirrored_tests.orphans({"models/a.py": LONG}, tests)
    assert found == ["models/test_ab.py"]


@pytest.mark.parametrize("name", EXPORTED)
def test_the_docstring_has_the_sections_that_apply(name):
    assert docstrings.missing_sections(EXPORTED[name]) == []


def undocumented(value):
    return value


def half_documented(value):
    """Doubles a value.

    Example:

    >>> 1
    """
    if value < 0:
        raise ValueError(value)
    return 2 * value


class ClassWithoutArgs:
    """A class.

    Example:

    >>> 1
    """

    def __init__(self, value):
        self.value = value


@pytest.mark.parametrize(
    "thing, missing",
    [
        (undocumented, ["a docstring"]),
        (half_documented, ["Args", "Returns", "Raises"]),
        (ClassWithoutArgs, ["Args"]),
    ],
)
def test_a_planted_gap_in_a_docstring_is_found(thing, missing):
    assert docstrings.missing_sections(thing) == missing


@pytest.mark.parametrize("name", EXPORTED)
def test_every_argument_and_its_default_are_said(name):
    assert documented_arguments.gaps(EXPORTED[name], EXPORTED) == []


def badly_documented(model, rate=0.1, steps=3, seed=None, mode="a", *, much=2):
    """Does nothing.

    Args:
        model: A model.
        rate: Float. Defaults to `0.2`.
        steps: Integer.
        seed: Integer. Defaults to `None`: another one each time.
        mode: `"a"` or `"b"`. Defaults to `"a"`.
    """


def test_planted_gaps_in_arguments_are_found():
    assert documented_arguments.gaps(badly_documented) == [
        "rate: `0.2` is not 0.1",
        "steps: no default said",
        "much: not said",
    ]
