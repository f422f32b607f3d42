"""A pytest plugin: what no backend can change runs in one process of several.

Plain pytest runs every test. nox starts a process for each backend, and with
`KTK_ONE_BACKEND=elsewhere` a process leaves to another one what would be the
same in both: the tests marked `one_backend`, and those of `NUMPY_ALONE` that
reach no Keras. Of the tests marked `two_backends` (pages and examples, whose
features have tests of their own) TensorFlow runs every other one, and JAX the
rest; `two_backends(by="file")` keeps the tests of a file together. A test that
is left is deselected, which is no skip: it runs elsewhere.
"""

import ast
import functools
import os
import zlib
from pathlib import Path

ROOT = Path(__file__).parents[2]
NUMPY_ALONE = [
    ROOT / "tests" / folder for folder in ("kernels", "plots", "uncertainty")
]
VARIABLE = "KTK_ONE_BACKEND"
DEPENDS_ON_A_BACKEND = {"keras", "tensorflow", "jax", "torch"}


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "one_backend: a test that no backend can change"
    )
    config.addinivalue_line(
        "markers",
        "two_backends: a test for the process that runs all, and one other",
    )


def pytest_collection_modifyitems(config, items):
    value = os.environ.get(VARIABLE, "here")
    if value not in ("here", "elsewhere"):
        raise ValueError(
            f'{VARIABLE} must be "here" or "elsewhere". Received: {value!r}.'
        )
    if value == "here":
        return
    left = [item for item in items if _same_everywhere(item)]
    config.hook.pytest_deselected(items=left)
    items[:] = [item for item in items if item not in set(left)]


def _same_everywhere(item):
    if item.get_closest_marker("one_backend"):
        return True
    alternating = item.get_closest_marker("two_backends")
    if alternating:
        by_file = alternating.kwargs.get("by") == "file"
        return not _has_its_turn(str(item.path) if by_file else item.nodeid)
    below = any(folder in item.path.parents for folder in NUMPY_ALONE)
    return below and not reaches_keras(item.path)


def _has_its_turn(name):
    odd = zlib.crc32(Path(name).name.encode()) % 2
    return odd == (os.environ["KERAS_BACKEND"] == "jax")


@functools.cache
def reaches_keras(path, root=ROOT):
    """Whether the file at `path`, or a file of ours it imports, uses Keras.

    A package's `__init__.py` counts only where a name is taken from it.
    """
    seen, todo = set(), [path]
    while todo:
        file = todo.pop()
        seen.add(file)
        for names in _imported(file):
            inside = [found for name in names if (found := _file(name, root))]
            if inside and inside[0] not in seen:
                todo.append(inside[0])
            if names[0].split(".")[0] in DEPENDS_ON_A_BACKEND:
                return True
    return False


def _imported(path):
    """Yields what each import may name: the longest dotted name first."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ([alias.name] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield [f"{node.module}.{alias.name}", node.module]


def _file(name, root):
    """Returns the file of ours that a dotted name stands for, or None."""
    path = root / name.replace(".", "/")
    found = [path.with_suffix(".py"), path / "__init__.py"]
    return next((file for file in found if file.is_file()), None)
