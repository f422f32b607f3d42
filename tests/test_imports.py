"""`import keras_trainkit` brings in nothing that the user did not choose."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BACKENDS = ("tensorflow", "jax", "torch")
NEW = """
import json
import sys
import keras
before = {name.split(".")[0] for name in sys.modules}
import keras_trainkit
after = {name.split(".")[0] for name in sys.modules}
print(json.dumps(sorted(after - before)))
"""


def newly_imported():
    """Returns the top-level packages that ours brings in beside Keras."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", NEW],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.fixture(scope="module")
def imported():
    return newly_imported()


@pytest.mark.parametrize("package", ["matplotlib", "sklearn", "scipy"])
def test_an_optional_package_is_not_imported(imported, package):
    assert package not in imported


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_backend_is_imported_by_keras_or_not_at_all(imported, backend):
    assert backend not in imported


def test_the_package_itself_was_imported(imported):
    assert "keras_trainkit" in imported
