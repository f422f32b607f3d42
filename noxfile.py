"""`nox`: style, the suite on three backends, the lowest Keras, real clients."""

import concurrent.futures
import os
import re
import subprocess
from pathlib import Path

import nox

ROOT = Path(__file__).parent
BACKENDS = ("tensorflow", "jax", "torch")
# It runs what no backend can change, for all: tests/helpers/one_backend.py.
RUNS_ALL = "torch"

# The newest torch with a CPU build where this project is developed. From PyPI,
# Linux gets the CUDA build; PIP_EXTRA_INDEX_URL chooses the smaller one:
# https://download.pytorch.org/whl/cpu
TORCH = "torch==2.13.0"

ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
}

nox.options.sessions = ["lint", "tests", "lowest", "clients"]
nox.options.default_venv_backend = "virtualenv"


def lowest_keras():
    """Returns the version that setup.cfg promises, which is its one home."""
    setup = (ROOT / "setup.cfg").read_text("utf-8")
    return re.search(r"^\s*keras>=([\d.]+)\s*$", setup, re.MULTILINE)[1]


def suite_environment(session):
    """Returns the environment of a suite: no skip unlisted, one thread.

    What no backend can change is left to one process of `tests`, unless tests
    were asked for by name.

    JAX's compilation cache outlives the session's environment: a second run
    spends a third less on compiling.
    """
    return {
        "KTK_STRICT_SKIPS": "1",
        "KTK_ONE_BACKEND": "here" if session.posargs else "elsewhere",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "JAX_COMPILATION_CACHE_DIR": str(session.cache_dir.resolve() / "jax"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
        **ONE_THREAD,
    }


@nox.session
def lint(session):
    # Formats change between minor versions.
    session.install("ruff==0.17.*")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


def side_by_side(session, runs):
    """Runs pytest several times, two at a time, as this machine has two cores.

    Each process runs its tests in a fixed order, so what fails can be
    repeated.

    Args:
        session: The nox session.
        runs: `{name: (arguments, environment)}`; the slowest first. `None`
            in an environment takes a variable away.
    """
    python = str(Path(session.bin) / "python")

    def suite(name):
        arguments, own = runs[name]
        environment = os.environ | suite_environment(session) | own
        return name, subprocess.run(
            [python, "-m", "pytest", *arguments],
            env={k: v for k, v in environment.items() if v is not None},
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    failed = []
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        running = [pool.submit(suite, name) for name in runs]
        for future in concurrent.futures.as_completed(running):
            name, done = future.result()
            print(f"===== {name} =====\n{done.stdout}", flush=True)
            failed += [name] if done.returncode else []
    if failed:
        session.error(f"The suite fails: {', '.join(failed)}")


def test_files(*folders):
    """Returns the test files of some folders, or of all but clients."""
    found = (path.relative_to(ROOT) for path in ROOT.glob("tests/**/test_*.py"))
    return sorted(
        str(path)
        for path in found
        if path.parts[1] in folders
        or (not folders and path.parts[1] != "clients")
    )


@nox.session
def tests(session):
    """The suite on the newest Keras, on each backend, two processes at a time.

    TensorFlow's takes longest, and so comes in parts: both cores are busy to
    the end.
    """
    session.install("tensorflow", "jax", TORCH, "-e", ".[test]")
    if session.posargs:
        parts = {backend: (backend, session.posargs) for backend in BACKENDS}
    else:
        files = test_files()
        parts = {"jax": ("jax", files)}
        for i in range(3):
            parts[f"tensorflow, {i + 1} of 3"] = ("tensorflow", files[i::3])
        parts["torch"] = ("torch", files)
    runs = {
        name: (asked, {"KERAS_BACKEND": backend})
        for name, (backend, asked) in parts.items()
    }
    runs[RUNS_ALL][1]["KTK_ONE_BACKEND"] = "here"
    side_by_side(session, runs)


# What asks no backend itself: on the lowest Keras these run on torch, which
# compiles nothing. Examples, pages and engines of distribution run in `tests`
# alone.
ON_TORCH = (
    "constraints",
    "initializers",
    "interplay",
    "kernels",
    "layers",
    "models",
    "optimizers",
    "plots",
    "pretraining",
    "schedules",
    "transfer",
    "tuning",
    "uncertainty",
)
ONLY_ON_THE_NEWEST = ("distributed", "docs", "examples")


@nox.session
def lowest(session):
    """The lowest Keras: plain pytest in halves, and the rest on torch."""
    keras = f"keras=={lowest_keras()}"
    session.install("tensorflow", TORCH, keras, "-e", ".[test]")
    # Plain pytest: no backend chosen outside leaks in.
    plain = {"KERAS_BACKEND": None}
    if session.posargs:
        side_by_side(session, {"asked for": (session.posargs, plain)})
        return
    on_torch = test_files(*ON_TORCH)
    left_out = {*test_files(*ONLY_ON_THE_NEWEST), *on_torch}
    files = [file for file in test_files() if file not in left_out]
    runs = {
        "one half": (files[::2], plain),
        "the other": (files[1::2], plain),
        "the rest": (on_torch, {"KERAS_BACKEND": "torch"}),
    }
    side_by_side(session, runs)


@nox.session
def clients(session):
    """KerasHub's models, where nothing but what KerasHub needs is installed."""
    session.install("-e", ".[test,keras-hub]")
    # Of the backends, KerasHub brings TensorFlow along, by tensorflow-text.
    own = {"KERAS_BACKEND": "tensorflow"}
    if session.posargs:
        side_by_side(session, {"asked for": (session.posargs, own)})
        return
    files = test_files("clients")
    longest = "tests/clients/test_keras_hub.py"
    files.remove(longest)
    runs = {"what trains": ([longest], own), "what is reused": (files, own)}
    side_by_side(session, runs)
