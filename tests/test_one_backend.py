"""What runs in one process of several, and that plain pytest runs it all."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers import one_backend

pytestmark = pytest.mark.one_backend
ROOT = Path(__file__).parents[1]
KERNELS = "keras_trainkit.kernels"

REACHES = {
    "Keras": ("import keras", True),
    "Keras in a function": ("def f():\n    from keras import ops", True),
    "a backend": ("import jax.numpy", True),
    "a kernel on Keras": (f"from {KERNELS}.shared import scale", True),
    "a kernel as a module": (f"from {KERNELS} import shared", True),
    "a kernel that imports one": (f"from {KERNELS}.caller import f", True),
    "a helper on Keras": ("from tests.helpers.models import mlp", True),
    "the whole package": ("import keras_trainkit as ktk", True),
    "a name of the package": ("from keras_trainkit import f", True),
    "NumPy": ("import numpy as np\nimport pytest", False),
    "a kernel on NumPy": (f"from {KERNELS}.pure import f", False),
    "a circle": (f"from {KERNELS}.circle import f", False),
}
FILES = {
    "keras_trainkit/__init__.py": f"from {KERNELS}.shared import scale as f",
    "keras_trainkit/kernels/__init__.py": "",
    "keras_trainkit/kernels/shared.py": "from keras import ops",
    "keras_trainkit/kernels/caller.py": f"from {KERNELS} import shared",
    "keras_trainkit/kernels/pure.py": "import numpy as np",
    "keras_trainkit/kernels/circle.py": f"from {KERNELS} import circle",
    "tests/helpers/models.py": "import keras",
}


@pytest.fixture
def root(tmp_path):
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


@pytest.mark.parametrize("source, reaches", REACHES.values(), ids=REACHES)
def test_a_test_that_reaches_keras_is_told_from_others(root, source, reaches):
    path = root / "test_planted.py"
    path.write_text(source)
    assert one_backend.reaches_keras(path, root) == reaches


PLANTED = """
import pytest

@pytest.mark.one_backend
def test_everywhere_the_same():
    pass

def test_of_a_backend():
    pass

@pytest.mark.two_backends
@pytest.mark.parametrize("n", range(8))
def test_of_two(n):
    pass
"""


def run_planted(tmp_path, chosen="test", **environment):
    planted = tmp_path / "test_planted.py"
    planted.write_text(PLANTED)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.helpers.one_backend"]
        + ["-p", "no:cacheprovider", "--rootdir", tmp_path, planted]
        + ["-v", "-k", chosen],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    "value, result",
    [("here", "2 passed"), ("elsewhere", "1 passed")],
)
def test_one_of_several_processes_runs_it(tmp_path, value, result):
    done = run_planted(tmp_path, "not test_of_two", KTK_ONE_BACKEND=value)
    assert done.returncode == 0 and result in done.stdout, done.stdout


def test_every_other_one_runs_on_tensorflow_and_the_rest_on_jax(tmp_path):
    ran = []
    for backend in ("tensorflow", "jax"):
        done = run_planted(
            tmp_path,
            "test_of_two",
            KTK_ONE_BACKEND="elsewhere",
            KERAS_BACKEND=backend,
        )
        ran.append(set(re.findall(r"test_of_two\[\d\]", done.stdout)))
    assert all(ran) and not ran[0] & ran[1] and len(ran[0] | ran[1]) == 8


def test_another_value_is_an_error(tmp_path):
    done = run_planted(tmp_path, KTK_ONE_BACKEND="no")
    assert done.returncode != 0
    assert 'KTK_ONE_BACKEND must be "here" or "elsewhere"' in done.stdout
