"""Which tests a module needs, and which module a test is for.

A path of a module is relative to the package, one of a test to `tests/`.
"""

import ast

from tests.helpers import floor_rules

# Below this a module may be tested through what it serves.
SMALL = 40


def is_module(path):
    """Whether `path` is a module that is looked at: not an `__init__`."""
    return "/" in path and not path.endswith("__init__.py")


def tests_of(path, tests):
    """Returns the tests named after a module, whole or with a subject.

    `models/selection.py` has `models/test_selection.py` and, for one subject
    of it, `models/test_selection_patterns.py`.
    """
    return [test for test in tests if _is_named_after(test, path)]


def _is_named_after(test, path):
    folder, _, file = path.rpartition("/")
    stem = f"{folder}/test_{file.removesuffix('.py')}"
    return test == f"{stem}.py" or test.startswith(f"{stem}_")


def untested(sources, tests):
    """Returns the modules that neither a test nor what they serve covers.

    Args:
        sources: `{path: text}` of the package's modules.
        tests: Paths of all tests.
    """
    paths = [path for path in sources if is_module(path)]
    served = importers({path: sources[path] for path in paths})

    def covered(path, seen):
        if tests_of(path, tests):
            return True
        small = len(sources[path].splitlines()) < SMALL
        return small and any(
            covered(user, seen | {path}) for user in served[path] - seen
        )

    return [path for path in paths if not covered(path, frozenset())]


def importers(sources):
    """Returns `{path: the modules that import it}`."""
    names = {floor_rules.module_name(path): path for path in sources}
    found = {path: set() for path in sources}
    for path, text in sources.items():
        for name in floor_rules.imported(ast.parse(text), names):
            if name in names:
                found[names[name]].add(path)
    return found


def orphans(sources, tests):
    """Returns the tests below a folder of the package that mirror no module.

    Other folders, such as `tests/docs`, are about no module.
    """
    folders = {floor_rules.folder(path) for path in sources} - {""}
    return [
        test
        for test in tests
        if floor_rules.folder(test) in folders
        and not any(
            _is_named_after(test, path) for path in sources if is_module(path)
        )
    ]
