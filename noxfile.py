"""`nox`: style, the suite on three backends, the lowest Keras, real clients."""

import concurrent.futures
import os
import re
import subprocess
from pathlib import Path

import nox

ROOT = Path(__file__).parent
# Two at a time, the slowest first: the two quick ones take as long together.
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

TWO_CORES = ("-n", "2", "--dist", "worksteal")

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


@nox.session
def tests(session):
    """The suite on the newest Keras: a process a backend, two at a time."""
    session.install("tensorflow", "jax", TORCH, "-e", ".[test]")
    environment = os.environ | suite_environment(session)
    python = Path(session.bin) / "python"
    command = [str(python), "-m", "pytest", *session.posargs]

    def suite(backend):
        own = {"KERAS_BACKEND": backend}
        if backend == RUNS_ALL:
            own["KTK_ONE_BACKEND"] = "here"
        return backend, subprocess.run(
            command,
            env=environment | own,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    failed = []
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        running = [pool.submit(suite, backend) for backend in BACKENDS]
        for future in concurrent.futures.as_completed(running):
            backend, done = future.result()
            print(f"===== {backend} =====\n{done.stdout}", flush=True)
            failed += [backend] if done.returncode else []
    if failed:
        session.error(f"The suite fails on: {', '.join(failed)}")


@nox.session
def lowest(session):
    """Plain pytest where there is one backend, and the lowest Keras.

    On two cores, since no other suite runs beside it. The examples have run
    on TensorFlow in `tests`.
    """
    keras = f"keras=={lowest_keras()}"
    session.install("tensorflow", keras, "-e", ".[test]")
    environment = suite_environment(session)
    # Plain pytest: no backend chosen outside leaks in.
    environment["KERAS_BACKEND"] = None
    pytest = ["python", "-m", "pytest", *TWO_CORES]
    asked = session.posargs or ["--ignore=tests/examples"]
    session.run(*pytest, *asked, env=environment)


@nox.session
def clients(session):
    """KerasHub's models, where nothing but what KerasHub needs is installed."""
    session.install("-e", ".[test,keras-hub]")
    environment = suite_environment(session)
    # Of the backends, KerasHub brings TensorFlow along, by tensorflow-text.
    environment["KERAS_BACKEND"] = "tensorflow"
    pytest = ["python", "-m", "pytest", *TWO_CORES]
    session.run(
        *pytest, *(session.posargs or ["tests/clients"]), env=environment
    )
