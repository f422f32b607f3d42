"""Whether tests notice a mutant: a forked process imports it and runs them."""

import contextlib
import os
import resource
import signal
import time

import pytest

from tests.helpers import floor_rules
from tests.mutation import mutated_import

# Of processor time: the slowest group of tests takes a tenth of it.
SECONDS = 120
# A process that waits for something uses none.
WALL_SECONDS = 1200


def noticed_by(path, source, tests, output=os.devnull):
    """Returns the test that fails with the mutant in its place.

    A fork has Keras and the backend imported already, which costs more than
    most tests.

    Args:
        path: The module's path below the package.
        source: Its text, changed.
        tests: Files of tests, or names of tests as pytest takes them.
        output: A file for what pytest prints.

    Returns:
        The name of the first that fails; "" where they hang, or cannot be
        imported; `None` where all pass.
    """
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        _run_and_exit(path, source, tests, output, write)
    os.close(write)
    status = _status(child)
    with os.fdopen(read) as pipe:
        name = pipe.readline().strip()
    return name if status else None


def _status(child):
    deadline = time.monotonic() + WALL_SECONDS
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1]


class _Reporter:
    """A pytest plugin that writes the names of tests that fail."""

    def __init__(self, pipe):
        self.pipe = pipe

    def pytest_runtest_logreport(self, report):
        if report.failed:
            os.write(self.pipe, f"{report.nodeid}\n".encode())


def _run_and_exit(path, source, tests, output, pipe):
    code = 1
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        mutated_import.import_as(floor_rules.module_name(path), source)
        with open(output, "w") as file, _printing_to(file):
            arguments = ["-x", "-q", "-p", "no:cacheprovider"]
            plugins = [_Reporter(pipe)]
            code = int(pytest.main([*arguments, *tests], plugins))
    finally:
        os._exit(code)


@contextlib.contextmanager
def _printing_to(file):
    os.dup2(file.fileno(), 1)
    os.dup2(file.fileno(), 2)
    yield
