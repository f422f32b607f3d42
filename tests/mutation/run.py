"""Runs mutants against the tests that mirror their modules: `nox -s mutation`.

```
KERAS_BACKEND=torch python -m tests.mutation.run --count 1000 --seed 0
```

A mutant meets the tests of its own module first, and what it survives, those
of the modules that import it.
"""

import argparse
import collections
import functools
import sys
import time
from pathlib import Path

from tests.helpers import mirrored_tests
from tests.mutation import explanations
from tests.mutation import mutants
from tests.mutation import verdict

LEAST_KILLED = 0.9


@functools.cache
def tests_for(path):
    """Returns two lists of test files: the module's own, its importers'."""
    importers, tests = _house()
    own = mirrored_tests.tests_of(path, tests)
    users = sorted(importers[path])
    theirs = [
        test for user in users for test in mirrored_tests.tests_of(user, tests)
    ]
    further = [test for test in dict.fromkeys(theirs) if test not in own]
    return _files(own), [t for t in _files(further) if not _starts_others(t)]


def _starts_others(test):
    """Whether a test starts processes: these import what is on the disk."""
    text = Path(test).read_text("utf-8")
    return "subprocess" in text or "helpers import processes" in text


@functools.cache
def _house():
    package, folder = mutants.module_file(""), mutants.ROOT / "tests"
    sources = {
        file.relative_to(package).as_posix(): file.read_text("utf-8")
        for file in package.rglob("*.py")
    }
    tests = [
        file.relative_to(folder).as_posix()
        for file in sorted(folder.rglob("test_*.py"))
    ]
    return mirrored_tests.importers(sources), tests


def _files(tests):
    return [str(mutants.ROOT / "tests" / test) for test in tests]


def survives(mutant):
    source = mutant.source()
    for tests in tests_for(mutant.path):
        if not tests:
            continue
        name = verdict.noticed_by(mutant.path, source, tests)
        if name is not None:
            require_sound(mutant.path, name, tuple(tests))
            return False
    return True


@functools.cache
def require_sound(path, name, tests):
    """Exits where a test fails without a mutant: it would kill each."""
    text = mutants.module_file(path).read_text("utf-8")
    # Alone first, which is quick; a mutant may have given it its name.
    runs = [[name], tests] if name else [tests]
    if all(verdict.noticed_by(path, text, run) is not None for run in runs):
        sys.exit(f"{name or tests} fails without a mutant of {path}.")


def run(chosen, minutes=None):
    """Returns those that were run and the survivors, printing each.

    Args:
        chosen: The mutants.
        minutes: After which no further one is begun; by default never.
    """
    survivors = []
    started = time.monotonic()
    for i, mutant in enumerate(chosen, 1):
        if survives(mutant):
            survivors.append(mutant)
            print(f"survives: {mutant.name} {mutant.place}", flush=True)
        seconds = time.monotonic() - started
        if i % 10 == 0:
            rate = 1 - len(survivors) / i
            print(f"{i} run, {rate:.1%} killed, {seconds:.0f} s", flush=True)
        if minutes is not None and seconds > 60 * minutes:
            return chosen[:i], survivors
    return chosen, survivors


def report(chosen, survivors):
    """Prints the score by folder; returns whether it is good enough."""
    known = explanations.explained()
    unexplained = [m for m in survivors if m.name not in known]
    of = collections.Counter(m.path.split("/")[0] for m in chosen)
    left = collections.Counter(m.path.split("/")[0] for m in survivors)
    for folder, count in sorted(of.items()):
        print(f"{folder}: {count - left[folder]} of {count} killed")
    killed = 1 - len(survivors) / len(chosen)
    print(
        f"All: {len(chosen) - len(survivors)} of {len(chosen)} killed, "
        f"{killed:.1%}; {len(unexplained)} survivors unexplained"
    )
    for mutant in unexplained:
        print(f"unexplained: {mutant.name} {mutant.place}")
    return killed >= LEAST_KILLED and not unexplained


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, help="mutants; all by default")
    parser.add_argument("--seed", type=int, default=0, help="of the draw")
    parser.add_argument("--minutes", type=float, help="to stop after")
    parser.add_argument("--only", default="", help="modules that start so")
    arguments = parser.parse_args()
    chosen = [
        mutant
        for mutant in mutants.drawn(arguments.seed)
        if mutant.path.startswith(arguments.only)
    ][: arguments.count]
    print(f"{len(chosen)} mutants, seed {arguments.seed}", flush=True)
    sys.exit(0 if report(*run(chosen, arguments.minutes)) else 1)


if __name__ == "__main__":
    # What all forks share.
    import hypothesis  # noqa: F401
    import keras  # noqa: F401

    main()
